from collections import Counter
from itertools import pairwise
from math import factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config.balanced_design import balanced_rows, block_rows, most_rows

SIZES = [(tasks, length) for tasks in range(3, 10) for length in range(2, tasks + 1)]


def positions(rows):
    return Counter((place, task) for row in rows for place, task in enumerate(row))


def successions(rows):
    return Counter(pair for row in rows for pair in pairwise(row))


@st.composite
def designs(draw, design):
    tasks, length = draw(st.sampled_from(SIZES))
    block, most = block_rows(design, tasks, length), most_rows(design, tasks, length)
    rows = block * draw(st.integers(1, min(most // block, 8)))
    return tasks, length, rows, draw(st.integers(0, 2**31 - 1))


@given(designs("latin"))
def test_each_task_stands_equally_often_in_each_position(arguments):
    tasks, length, count, seed = arguments
    rows = balanced_rows("latin", tasks, length, count, seed)
    assert len(rows) == len(set(rows)) == count
    assert all(len(set(row)) == length for row in rows)
    assert positions(rows) == {(at, task): count // tasks for at in range(length) for task in range(tasks)}


@given(designs("williams"))
def test_each_task_follows_each_other_equally_often(arguments):
    tasks, length, count, seed = arguments
    rows = balanced_rows("williams", tasks, length, count, seed)
    assert len(rows) == len(set(rows)) == count
    assert all(len(set(row)) == length for row in rows)
    assert positions(rows) == {(at, task): count // tasks for at in range(length) for task in range(tasks)}
    each = count * (length - 1) // (tasks * (tasks - 1))
    assert successions(rows) == {(a, b): each for a in range(tasks) for b in range(tasks) if a != b}


@pytest.mark.parametrize(("tasks", "rows"), [(3, 6), (4, 4), (5, 10), (6, 6), (7, 14), (8, 8), (9, 18)])
def test_full_designs_have_the_sizes_of_williams(tasks, rows):
    assert block_rows("williams", tasks, tasks) == rows
    assert len(balanced_rows("williams", tasks, tasks, None, 1)) == rows


def test_williams_own_design_of_four_treatments():
    """The square for n = 4 up to the names: 0 1 3 2 and its shifts."""
    rows = balanced_rows("williams", 4, 4, None, 5)
    name = {task: number for number, task in zip((0, 1, 3, 2), rows[0], strict=True)}
    assert {tuple(name[task] for task in row) for row in rows} == {
        (0, 1, 3, 2),
        (1, 2, 0, 3),
        (2, 3, 1, 0),
        (3, 0, 2, 1),
    }


@pytest.mark.parametrize("tasks", [3, 4, 5])
def test_as_many_latin_rows_as_there_are_orders(tasks):
    assert most_rows("latin", tasks, tasks) == factorial(tasks)
    rows = balanced_rows("latin", tasks, tasks, factorial(tasks), 7)
    assert len(set(rows)) == factorial(tasks)


@pytest.mark.parametrize(("tasks", "length"), SIZES)
def test_as_many_williams_rows_as_are_promised(tasks, length):
    most = most_rows("williams", tasks, length)
    assert len(set(balanced_rows("williams", tasks, length, most, 7))) == most


def test_seed_decides_which_design_it_is():
    drawn = {tuple(balanced_rows("latin", 6, 6, None, seed)) for seed in range(20)}
    assert len(drawn) == 20
    assert balanced_rows("latin", 6, 6, None, 3) == balanced_rows("latin", 6, 6, None, 3)
