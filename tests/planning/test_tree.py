from collections import Counter
from dataclasses import replace
from itertools import permutations

import pytest

from harness.config.load import load_sequences
from harness.planning.orders import plan_size, stage_counts
from harness.planning.tree import Plan, TooManyStagesError
from tests.planning.sequences import TASKS, loaded


def test_three_intermediates_of_every_length_share_stages(tmp_path):
    sequence = loaded(tmp_path, intermediates=3, orders="{lengths: [0, 1, 2, 3]}", targets=2)
    size = plan_size(sequence.spec)
    assert (size.sequences, size.stages, size.stages_without_sharing) == (32, 47, 98)


@pytest.mark.parametrize(
    "orders",
    ["all", "{lengths: [0]}", "{lengths: [2]}", "{lengths: [3, 1]}", "[[mnli, qqp], [qqp, mnli], []]"],
)
@pytest.mark.parametrize("seeds", [1, 3])
def test_counted_sizes_are_those_of_the_built_plan(tmp_path, orders, seeds):
    sequence = loaded(tmp_path, intermediates=3, orders=orders, targets=2, seeds=seeds)
    plan, size = Plan.of(sequence), plan_size(sequence.spec)
    assert size.sequences == len(plan.sequences) == len(set(plan.sequences))
    assert size.stages == len(plan.stages)
    assert size.stages_without_sharing == sum(len(one.stages()) for one in plan.sequences)


def test_all_means_every_order_of_every_length(tmp_path):
    plan = Plan.of(loaded(tmp_path, intermediates=3, orders="all"))
    assert list(plan.orders) == [order for k in range(4) for order in permutations(TASKS[:3], k)]


def test_every_stage_comes_once_and_after_its_parent(tmp_path):
    plan = Plan.of(loaded(tmp_path, intermediates=4, orders="{lengths: [0, 3, 4]}", targets=2, seeds=2))
    seen = set()
    for stage in plan.stages:
        assert stage not in seen
        assert stage.parent is None or stage.parent in seen
        seen.add(stage)
    assert seen == {stage for sequence in plan.sequences for stage in sequence.stages()}


def test_a_seed_is_finished_before_the_next_begins(tmp_path):
    plan = Plan.of(loaded(tmp_path, intermediates=2, orders="all", seeds=3))
    seeds = [stage.seed for stage in plan.stages]
    assert seeds == sorted(seeds)


def test_large_designs_are_counted_without_being_built(tmp_path):
    sequence = loaded(tmp_path, intermediates=7, orders="all")
    size = plan_size(sequence.spec)
    assert size.sequences == 13_700
    assert size.stages == 13_699 + 13_700


def test_more_stages_than_can_be_planned_are_refused_and_still_counted(tmp_path):
    sequence = loaded(tmp_path, intermediates=9, orders="all", seeds=2)
    assert plan_size(sequence.spec).stages == 3_945_638
    with pytest.raises(TooManyStagesError, match=r"orders: that makes 3,945,638 stages.*sample"):
        Plan.of(sequence)


def test_sequences_that_share_nothing_train_every_stage_with_seeds_of_their_own(tmp_path):
    sequence = loaded(tmp_path, intermediates=2, orders="{lengths: [0, 1, 2]}", targets=2, seeds=2)
    alone = replace(sequence, spec=sequence.spec.model_copy(update={"share": "none"}))
    plan, size = Plan.of(alone), plan_size(alone.spec)
    assert size.stages == size.stages_without_sharing == len(plan.stages) == len(set(plan.stages)) == 44
    by_task = Counter(stage.task for stage in plan.stages)
    assert stage_counts(alone.spec) == by_task == {"mnli": 12, "qqp": 12, "xnli": 10, "pawsx": 10}
    for one in plan.sequences:
        assert len({stage.training_seed for stage in one.stages()}) == 1
    assert len({one.target_stage.training_seed for one in plan.sequences}) == len(plan.sequences)
    shared = Plan.of(sequence)
    assert {stage.training_seed for stage in shared.stages} == {1, 2}


@pytest.mark.parametrize("share", ["prefixes", "none"])
def test_a_target_without_training_rows_has_no_stage_of_its_own(tmp_path, share):
    file = tmp_path / "found.yaml"
    file.write_text(
        f"name: found\nmodel: embedded:e5-small\nintermediates: [mnli, qqp]\nshare: {share}\n"
        "targets: [xnli, tatoeba]\nseeds: [1]\nevaluation: {tasks: [xtreme_xnli_en, xtreme_tatoeba_de]}\n"
    )
    (sequence,) = load_sequences([file])
    plan, size = Plan.of(sequence), plan_size(sequence.spec, len(sequence.untrained))
    assert sequence.untrained == ("tatoeba",)
    assert size.stages == sum(stage.is_trained for stage in plan.stages)
    assert all(plan.trained(one) == set(one.order) for one in plan.sequences if one.target == "tatoeba")
    assert "tatoeba" not in plan.tasks
    scored = [stage for stage in plan.stages if not stage.is_trained]
    assert len(scored) == 5 and all(stage.is_evaluated for stage in scored)
