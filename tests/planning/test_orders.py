import time
from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config.sequence_file import SequenceFile
from harness.planning.drawing import draw
from harness.planning.orders import iterate_orders, plan_size
from harness.planning.tree import Plan
from tests.planning.sequences import TASKS, loaded


def spec(intermediates: int, orders) -> SequenceFile:
    return SequenceFile.model_validate(
        {
            "name": "sequence",
            "model": "xlm-roberta-base",
            "intermediates": TASKS[:intermediates],
            "orders": orders,
            "targets": ("xnli",),
            "seeds": (1,),
            "evaluation": {"tasks": ("xtreme_xnli",)},
        }
    )


@given(st.integers(3, 6), st.integers(1, 6), st.floats(0, 1), st.integers(0, 2**31 - 1))
def test_a_sample_holds_different_orders_and_its_seed_repeats_it(tasks, length, share, seed):
    length = min(length, tasks)
    everything = set(permutations(TASKS[:tasks], length))
    count = max(1, round(share * len(everything)))
    design = {"sample": count, "length": length, "seed": seed}
    orders = list(iterate_orders(spec(tasks, design)))
    assert len(orders) == len(set(orders)) == count
    assert set(orders) <= everything
    assert list(iterate_orders(spec(tasks, design))) == orders


@pytest.mark.parametrize("sample", [2, 8])
def test_every_order_has_the_same_chance_to_be_drawn(sample):
    """12 orders of 2 of 4 tasks over 6,000 draws; 5 standard deviations of a binomial count."""
    drawn = Counter(
        order
        for seed in range(6000)
        for order in iterate_orders(spec(4, {"sample": sample, "length": 2, "seed": seed}))
    )
    chance = sample / 12
    tolerance = 5 * (6000 * chance * (1 - chance)) ** 0.5
    assert len(drawn) == 12
    assert all(abs(count - 6000 * chance) < tolerance for count in drawn.values())


def test_sample_and_design_stay_the_same_from_version_to_version():
    """Pinned: another draw would make a published sequence file mean something else."""
    assert list(iterate_orders(spec(4, {"sample": 2, "length": 3, "seed": 1}))) == SAMPLE
    assert list(iterate_orders(spec(4, {"balanced": "williams", "seed": 1}))) == WILLIAMS


def test_prefixes_add_every_beginning_once_down_to_the_baseline():
    orders = list(iterate_orders(spec(3, {"listed": (TASKS[:3], (TASKS[0], TASKS[2])), "prefixes": True})))
    a, b, c = TASKS[:3]
    assert orders == [(), (a,), (a, b), (a, c), (a, b, c)]
    assert set(iterate_orders(spec(3, {"lengths": (3,), "prefixes": True}))) == set(
        iterate_orders(spec(3, "all"))
    )


def test_prefixes_of_a_sample_are_closed_under_taking_beginnings():
    orders = set(iterate_orders(spec(6, {"sample": 9, "length": 4, "seed": 2, "prefixes": True})))
    assert sum(len(order) == 4 for order in orders) == 9
    assert all(order[:-1] in orders for order in orders)


def test_a_task_can_come_again_where_the_file_allows_it(tmp_path):
    orders = "{listed: [[mnli, qqp, mnli], [mnli, mnli]], repeats: true}"
    plan = Plan.of(loaded(tmp_path, intermediates=2, orders=orders))
    assert [stage.path for stage in plan.stages] == [
        ("mnli",),
        ("mnli", "mnli"),
        ("mnli", "mnli", "xnli"),
        ("mnli", "qqp"),
        ("mnli", "qqp", "mnli"),
        ("mnli", "qqp", "mnli", "xnli"),
    ]


def test_nine_tasks_in_every_order_are_counted_without_being_built(tmp_path):
    sequence = loaded(tmp_path, intermediates=9, orders="all")
    start = time.process_time()
    text = draw(sequence)
    assert time.process_time() - start < 0.5
    assert plan_size(sequence.spec).sequences == 986_410
    assert "986,410 sequences" in text


def test_thousands_of_sequences_are_drawn_in_time(tmp_path):
    sequence = loaded(tmp_path, intermediates=9, orders="{lengths: [0, 1, 2, 3, 4]}")
    start = time.process_time()
    assert "3,610 sequences" in draw(sequence)
    assert time.process_time() - start < 1.5


SAMPLE = [("sst2", "qqp", "qnli"), ("qnli", "mnli", "sst2")]
WILLIAMS = [
    ("sst2", "qqp", "mnli", "qnli"),
    ("qqp", "qnli", "sst2", "mnli"),
    ("qnli", "mnli", "qqp", "sst2"),
    ("mnli", "sst2", "qnli", "qqp"),
]
