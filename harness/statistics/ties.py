"""Which rows do not differ significantly: shared ranks and tie groups."""

import numpy as np
import numpy.typing as npt

Booleans = npt.NDArray[np.bool_]
_ALPHABET = 26


def tie_groups(apart: Booleans) -> list[str]:
    """Return letters for each row: two rows share one exactly when they do not differ.

    The compact letter display of multiple comparisons (Piepho 2004, "An Algorithm for a Letter-Based
    Representation of All-Pairwise Comparisons"): the groups are sets of rows that are all not apart, grown
    greedily until every such pair is covered. `a` begins at the best row.
    """
    size = len(apart)
    covered = np.eye(size, dtype=np.bool_)
    groups: list[list[int]] = []
    for first in range(size):
        for second in range(first + 1, size):
            if not apart[first, second] and not covered[first, second]:
                groups.append(_grown(apart, [first, second]))
                covered[np.ix_(groups[-1], groups[-1])] = True
    alone = [[row] for row in range(size) if covered[row].sum() == 1]
    letters: list[list[str]] = [[] for _ in range(size)]
    for number, group in enumerate(sorted(groups + alone)):
        for row in group:
            letters[row].append(_letter(number))
    separator = "" if len(groups) + len(alone) <= _ALPHABET else " "
    return [separator.join(row) for row in letters]


def _grown(apart: Booleans, group: list[int]) -> list[int]:
    """Add every row that is not apart from any of the group, the best first."""
    for row in range(len(apart)):
        if row not in group and not apart[row, group].any():
            group.append(row)
    return sorted(group)


def _letter(number: int) -> str:
    """Return the letters of a group, counted a, b, … z, aa, ab and so on."""
    text = ""
    while number >= 0:
        text = chr(ord("a") + number % _ALPHABET) + text
        number = number // _ALPHABET - 1
    return text
