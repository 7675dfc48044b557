"""The balance of a design as text."""

from harness.planning.balance import Balance
from harness.planning.text_table import aligned


def balance_tables(balance: Balance) -> str:
    """Return how often each task occurs in each position and right after each other task."""
    longest = max((len(counts) for counts in balance.positions.values()), default=0)
    if not longest:
        return ""
    positions = [
        [task, *(str(count) for count in balance.positions[task]), str(balance.last[task])]
        for task in balance.tasks
    ]
    lines = [
        f"How often each task occurs in each position of the {balance.orders:,} orders"
        f" ({'even' if balance.positions_are_even else 'uneven'}):",
        aligned([["", *(str(place + 1) for place in range(longest)), "last"], *positions]),
    ]
    if longest > 1:
        successions = [
            [first, *(str(balance.successions[first][second]) for second in balance.tasks)]
            for first in balance.tasks
        ]
        lines += [
            "",
            "How often the task of a row stands right before the task of a column"
            f" ({'even' if balance.successions_are_even else 'uneven'}):",
            aligned([["", *balance.tasks], *successions]),
        ]
    return "\n".join(lines)
