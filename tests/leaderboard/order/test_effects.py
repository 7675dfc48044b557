"""Effects of a task's place, from answers simulated with a known one."""

import numpy as np
import pytest

from harness.leaderboard import paired
from harness.leaderboard.order.effects import (
    before_effects,
    condition_weights,
    last_effects,
    position_effects,
)
from harness.leaderboard.uncertainty import estimate
from tests.leaderboard.experiments import answers, table_of

from .simulated import all_orders

ORDERS = all_orders()


def contrasts(rng, orders, effects, items=150, seeds=3, **changes):
    right = answers(rng, len(orders), seeds, 2, items, effects, **changes)
    return estimate(table_of(right, orders)).contrasts


def shift(condition, size=1.0):
    return [size if condition(order) else 0.0 for order in ORDERS]


def test_weights_compare_rows_of_the_same_tasks_only():
    weights, sets = condition_weights(
        ORDERS, lambda order: order.index("a") < order.index("b") if {"a", "b"} <= {*order} else None
    )
    assert sets == 2
    assert weights.sum() == pytest.approx(0)
    by_order = dict(zip(ORDERS, weights, strict=True))
    assert by_order["a", "b"] == 0.5
    assert by_order["b", "a"] == -0.5
    assert by_order["c", "a", "b"] == pytest.approx(1 / 6)
    assert by_order["a", "c"] == by_order["a",] == by_order[()] == 0


def test_a_before_b_is_found_with_its_size_and_others_are_not():
    rng = np.random.default_rng(1)
    condition = shift(lambda o: {"a", "b"} <= {*o} and o.index("a") < o.index("b"), 0.6)
    found = before_effects(ORDERS, contrasts(rng, ORDERS, condition, 1500, seed_sd=0.05))
    by_pair = {(effect.task, effect.place): effect for effect in found}
    assert list(by_pair) == [("a", "before b"), ("a", "before c"), ("b", "before c")]
    effect = by_pair["a", "before b"]
    assert effect.apart
    assert effect.interval.low < effect.difference < effect.interval.high
    assert effect.difference > 0.05


def test_the_last_task_is_found():
    rng = np.random.default_rng(2)
    condition = shift(lambda o: len(o) > 1 and o[-1] == "c", -0.6)
    found = last_effects(ORDERS, contrasts(rng, ORDERS, condition, 1500, seed_sd=0.05))
    assert [effect.task for effect in found] == ["a", "b", "c"]
    assert found[2].apart
    assert found[2].difference < -0.05
    assert found[2].sets == 3


def test_positions_are_told_for_three_tasks_and_more():
    rng = np.random.default_rng(3)
    found = position_effects(ORDERS, contrasts(rng, ORDERS, 0.0))
    assert [effect.place for effect in found[:3]] == ["at 1 of 3", "at 2 of 3", "at 3 of 3"]
    assert len(found) == 9
    two = (("a", "b"), ("b", "a"))
    assert position_effects(two, contrasts(rng, two, 0.0)) == ()


def test_an_effect_of_two_sequences_is_their_paired_comparison():
    orders = (("a", "b"), ("b", "a"), ("a",))
    right = answers(np.random.default_rng(4), 3, 3, 2, 200)
    uncertainty = estimate(table_of(right, orders))
    (effect,) = before_effects(orders, uncertainty.contrasts)
    (pair,) = uncertainty.comparisons.permuted
    sign = 1 if pair.first == "a>b>xnli" else -1
    assert effect.difference == sign * pair.difference
    assert effect.p == pair.p
    assert {abs(effect.interval.low), abs(effect.interval.high)} == {
        abs(pair.interval.low),
        abs(pair.interval.high),
    }


def coverage(simulations, seed):
    rng, covered = np.random.default_rng(seed), []
    orders = all_orders(("a", "b"))
    for _ in range(simulations):
        (effect,) = before_effects(orders, contrasts(rng, orders, 0.0, 80, seed_sd=0.15))
        covered.append(effect.interval.covers_zero)
    return np.mean(covered)


@pytest.mark.slow
def test_intervals_of_effects_cover_the_truth_95_times_in_100_over_1000_simulations(monkeypatch):
    monkeypatch.setattr(paired, "PERMUTATIONS", 9)
    found = coverage(1000, 5)
    print(f"covered {found:.3f}")
    assert 0.93 <= found <= 0.97
