import json
from collections import Counter
from itertools import pairwise

import pytest
from click.testing import CliRunner

from harness.cli.plan import command
from harness.planning.balance import balance
from harness.planning.orders import iterate_orders
from tests.planning.sequences import TASKS, loaded


@pytest.mark.parametrize("orders", ["all", "{lengths: [2]}", "{lengths: [0]}", "{lengths: [0, 1, 3]}"])
@pytest.mark.parametrize("intermediates", [3, 5])
def test_complete_designs_are_counted_as_if_they_were_built(tmp_path, orders, intermediates):
    sequence = loaded(tmp_path, intermediates=intermediates, orders=orders)
    found, built = balance(sequence.spec), list(iterate_orders(sequence.spec))
    tasks = TASKS[:intermediates]
    at = Counter((task, place) for order in built for place, task in enumerate(order))
    pairs = Counter(pair for order in built for pair in pairwise(order))
    last = Counter(order[-1] for order in built if order)
    longest = max(len(order) for order in built)
    assert found.orders == len(built)
    assert found.positions == {task: tuple(at[task, place] for place in range(longest)) for task in tasks}
    assert found.last == {task: last[task] for task in tasks}
    assert found.successions == {a: {b: pairs[a, b] for b in tasks} for a in tasks}


def test_controls_are_left_out(tmp_path):
    design = "{balanced: williams, prefixes: true}"
    found = balance(loaded(tmp_path, intermediates=4, orders=design).spec)
    assert found.orders == 4
    assert found.positions == dict.fromkeys(TASKS[:4], (1, 1, 1, 1))
    assert found.positions_are_even
    assert found.successions_are_even


def test_what_is_uneven_is_called_so(tmp_path):
    found = balance(loaded(tmp_path, intermediates=2, orders="[[mnli, qqp]]").spec)
    assert not found.positions_are_even
    assert not found.successions_are_even


def test_plan_prints_the_counts_and_gives_them_as_json(tmp_path):
    loaded(tmp_path, intermediates=3, orders="{balanced: latin}")
    file = str(tmp_path / "sequence.yaml")
    text = CliRunner().invoke(command, [file], catch_exceptions=False).output
    assert "each position of the 3 orders (even)" in text
    assert "mnli  1  1  1     1\n" in text
    content = json.loads(CliRunner().invoke(command, [file, "--json"], catch_exceptions=False).output)[
        "balance"
    ]
    assert content["positions"] == {task: [1, 1, 1] for task in TASKS[:3]}
    assert content["positions_are_even"] is True
    assert sum(sum(row.values()) for row in content["successions"].values()) == 6
