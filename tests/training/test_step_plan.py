import numpy as np
import pytest

from harness.config.mixture import Sampling
from harness.planning.sampling import sampling_rates
from harness.training.batches import BatchPlan
from harness.training.step_plan import StepPlan, draw_members

EXAMPLES = {"anli": 1_104_934, "mnli": 392_702, "squad": 87_599, "hellaswag": 39_905, "csqa": 9_741}
RULES = {
    "proportional": ({}, lambda e: e),
    "capped": ({"cap": 65_536}, lambda e: min(e, 65_536)),
    "temperature": ({"temperature": 2.0}, lambda e: e**0.5),
    "both": ({"cap": 300_000, "temperature": 4.0}, lambda e: min(e, 300_000) ** 0.25),
}
WEIGHTS = {"anli": 5.0, "mnli": 1.0, "squad": 3.0, "hellaswag": 0.5, "csqa": 0.5}


@pytest.mark.parametrize("rule", [*RULES, "weights"])
def test_a_hundred_thousand_draws_match_the_formula_within_one_percent(rule: str) -> None:
    if rule == "weights":
        fields, sizes = {"weights": WEIGHTS}, WEIGHTS
    else:
        fields, formula = RULES[rule]
        sizes = {task: formula(count) for task, count in EXAMPLES.items()}
    rates = sampling_rates(Sampling.model_validate(fields), EXAMPLES)
    drawn = draw_members(list(rates.values()), 100_000, seed=5)
    for number, (task, size) in enumerate(sizes.items()):
        expected = size / sum(sizes.values())
        assert rates[task] == pytest.approx(expected)
        assert np.mean(drawn == number) == pytest.approx(expected, rel=0.01), task


def test_a_short_stage_trains_each_task_as_often_as_its_rate_says() -> None:
    rates = [0.7, 0.2, 0.1]
    for seed in range(20):
        counts = np.bincount(draw_members(rates, 50, seed), minlength=3)
        assert np.abs(counts - np.array([35, 10, 5])).max() <= 2
    first = [tuple(draw_members(rates, 10, seed)) for seed in range(20)]
    assert len(set(first)) > 10


def plan() -> StepPlan:
    lengths = [np.arange(5, 45), np.arange(3, 10), np.full(100, 7)]
    return StepPlan.of(lengths, [0.5, 0.3, 0.2], batch_size=4, steps=60, seed=2)


def test_each_task_goes_through_its_own_rows_epoch_after_epoch() -> None:
    seen: dict[int, list[int]] = {}
    for task, batch in plan().from_step(0):
        seen.setdefault(task, []).extend(batch.tolist())
    assert sorted(seen[0][:40]) == list(range(40))
    assert sorted(seen[1][:7]) == list(range(7)) == sorted(seen[1][7:14])
    assert len(set(seen[2])) == len(seen[2])


def test_a_plan_goes_on_from_any_step_and_counts_what_was_done() -> None:
    whole = [(task, batch.tolist()) for task, batch in plan().from_step(0)]
    lengths = (np.arange(5, 45), np.arange(3, 10), np.full(100, 7))
    for step in (0, 1, 17, 59, 60):
        assert [(task, batch.tolist()) for task, batch in plan().from_step(step)] == whole[step:]
        rows = sum(len(batch) for _, batch in whole[:step])
        tokens = sum(int(lengths[task][batch].sum()) for task, batch in whole[:step])
        assert plan().totals(step) == (rows, tokens)


def test_a_lone_member_is_trained_in_every_step_in_the_order_of_its_own_plan() -> None:
    lengths = np.arange(5, 45)
    alone = StepPlan.of([lengths], [1.0], batch_size=4, steps=25, seed=2)
    assert not alone.drawn.any()
    own = BatchPlan(lengths, 4, 25, 2).from_step(0)
    for (_, batch), expected in zip(alone.from_step(0), own, strict=True):
        assert batch.tolist() == expected.tolist()
