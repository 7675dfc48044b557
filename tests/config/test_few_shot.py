"""Few-shot stages and reused heads in sequence files: what they mean, and what is refused."""

from pathlib import Path

import pytest

from harness.config.load import LoadedSequence, load_sequences
from harness.config.problem import SpecError
from harness.planning.content import few_shot_tasks, few_shots, stage_content
from harness.planning.drawing import draw
from harness.planning.heads import reused_heads
from harness.planning.orders import plan_size
from harness.planning.stage import Shots
from harness.planning.tree import Plan
from tests.config.files import SEQUENCE, changed, write

FEW = changed(
    SEQUENCE,
    (
        "deepspeed: zero2",
        "few_shot: {language: [sw, zh], k: [10, 100], from: development, training: {epochs: 5}}\n"
        "deepspeed: zero2",
    ),
)


def loaded(folder: Path, text: str) -> LoadedSequence:
    (sequence,) = load_sequences([write(folder, "trial.yaml", text)])
    return sequence


def test_every_target_is_followed_by_each_few_shot_stage(tmp_path: Path) -> None:
    sequence = loaded(tmp_path, FEW)
    plan, size = Plan.of(sequence), plan_size(sequence.spec)
    assert few_shots(sequence.spec) == (Shots(10, "sw"), Shots(100, "sw"), Shots(10, "zh"), Shots(100, "zh"))
    assert size.sequences == len(plan.sequences) == len(set(plan.sequences)) == 3 * 5 * 2
    assert size.stages == len(plan.stages) == (2 + 3 * 5) * 2
    assert size.stages_without_sharing == sum(len(one.stages()) for one in plan.sequences)
    for number, stage in enumerate(plan.stages):
        assert stage.parent is None or stage.parent in plan.stages[:number]
        assert stage.is_evaluated == (stage.role != "intermediate")
    assert "10 sw (not zero-shot) ●" in draw(sequence)


def test_a_few_shot_stage_goes_on_with_the_target_s_head_on_k_rows_of_the_language(tmp_path: Path) -> None:
    sequence = loaded(tmp_path, FEW)
    stage = next(s for s in Plan.of(sequence).stages if str(s) == "rte → xnli → 100 zh (seed 1)")
    content = stage_content(sequence, stage)
    assert (content.settings.train_rows, content.settings.epochs, content.settings.head) == (100, 5, "reuse")
    (member,) = content.members
    assert member.name == "xnli (zh, development)"
    task = member.task
    assert task.language == "zh" and task.labels == sequence.tasks["xnli"].labels
    assert task.sources.layouts[0].path == "xtreme/xnli/dev-zh.tsv"
    assert task.sources.hub is not None and task.sources.hub.split == "validation"
    (head,) = reused_heads(sequence, stage).values()
    assert head.stage == stage.parent and head.stage.role == "target"
    assert list(few_shot_tasks(sequence)) == ["xnli (sw, development)", "xnli (zh, development)"]


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        (("from: development", "from: test"), "few_shot.from", "train, development"),
        (("  split: test", "  split: validation"), "few_shot", "evaluation.split: validation"),
        (("  split: test", "  splits: {xnli: validation}"), "few_shot", "evaluation.split: validation"),
        (("[sw, zh]", "[sv, zh]"), "few_shot.language[0]", "no rows in this language"),
        (("[sw, zh]", "[en]"), "few_shot.language[0]", "no rows in this language"),
        (("[sw, zh]", "[]"), "few_shot.language", "at least 1"),
        (("[10, 100]", "[10, 10]"), "few_shot.k", "stands here twice"),
        (("[10, 100]", "[0]"), "few_shot.k[0]", "at least 1"),
        (("[xtreme_xnli]", "[xtreme_xnli_en, xtreme_xnli_zh]"), "few_shot.language[0]", "no evaluation task"),
    ],
)
def test_rows_that_are_scored_or_not_there_are_refused(
    tmp_path: Path, change: tuple[str, str], key: str, says: str
) -> None:
    with pytest.raises(SpecError) as caught:
        loaded(tmp_path, changed(FEW, change))
    found = {problem.key: f"{problem.message} {problem.remedy}" for problem in caught.value.problems}
    assert says in found[key], found


def test_a_task_cannot_offer_its_test_rows(tmp_path: Path) -> None:
    own = (Path(__file__).parents[2] / "tasks" / "training" / "xnli.yaml").read_text()
    write(tmp_path, "tasks/own.yaml", own.replace("name: xnli", "name: own").replace("/dev-", "/test-"))
    with pytest.raises(SpecError, match="never draw from test rows"):
        loaded(tmp_path, FEW)


def test_the_old_name_of_reusing_a_head_is_refused_with_the_new_one(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"per_task\.xnli\.head.*`head: keep` is called `head: reuse` now"):
        loaded(tmp_path, changed(SEQUENCE, ("rte: {epochs: 3}", "xnli: {head: keep}")))


def test_a_head_is_reused_from_the_last_stage_with_the_same_labels(tmp_path: Path) -> None:
    text = changed(SEQUENCE, ("[rte, pawsx]", "[mnli, rte]"), ("rte: {epochs: 3}", "xnli: {head: reuse}"))
    sequence = loaded(tmp_path, changed(text, ("{lengths: [0, 1]}", "{lengths: [0, 2]}")))
    heads = {str(stage): reused_heads(sequence, stage) for stage in Plan.of(sequence, seeds=[1]).stages}
    assert heads["xnli (seed 1)"] == heads["rte → mnli (seed 1)"] == {}
    for path in ("mnli → rte", "rte → mnli"):
        (head,) = heads[f"{path} → xnli (seed 1)"].values()
        assert head.stage.task == "mnli"
    assert "xnli ● (head of mnli)" in draw(sequence)


def test_a_head_of_a_mixture_is_reused_by_its_task(tmp_path: Path) -> None:
    text = changed(
        SEQUENCE,
        ("intermediates: [rte, pawsx]", "mixtures: {both: {tasks: [mnli, rte]}}\nintermediates: [both]"),
        ("rte: {epochs: 3}", "xnli: {head: reuse}"),
    )
    sequence = loaded(tmp_path, text)
    stage = next(s for s in Plan.of(sequence).stages if s.path == ("both", "xnli"))
    (head,) = reused_heads(sequence, stage).values()
    assert (head.stage.task, head.member, head.name) == ("both", 0, "mnli")


def test_a_head_that_nothing_trains_cannot_be_reused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no other stage of this file trains a head"):
        loaded(tmp_path, changed(SEQUENCE, ("rte: {epochs: 3}", "xnli: {head: reuse}")))
