"""Early stopping in sequence files: what its stages are held to, and what is refused."""

from pathlib import Path

import pytest

from harness.config.load import load_sequences
from harness.config.problem import SpecError
from harness.planning.content import stage_content
from harness.planning.tree import Plan
from tests.config.files import SEQUENCE, changed, write

STOPPED = changed(SEQUENCE, ("  epochs: 1\n", "  epochs: 1\n  early_stopping: {patience: 2, every: 50}\n"))
FEW = "few_shot: {language: [sw], k: [10], training: {epochs: 5}}\n"
STOPPED_FEW = FEW.replace("epochs: 5", "early_stopping: {every: 5}")


def test_few_shot_stages_are_not_stopped_by_rows_of_another_language(tmp_path: Path) -> None:
    text = changed(STOPPED, ("deepspeed: zero2\n", FEW + "deepspeed: zero2\n"))
    (loaded,) = load_sequences([write(tmp_path, "trial.yaml", text)])
    for stage in Plan.of(loaded).stages:
        stopping = stage_content(loaded, stage).settings.early_stopping
        assert (stopping is None) == (stage.shots is not None)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([("[rte, pawsx]", "[rte, panx_de]")], "held-out rows of panx_de are not English but de"),
        ([("[rte, pawsx]", "[rte, plain]")], "plain has no held-out rows"),
        ([("[rte, pawsx]", "[rte, both]")], "the mixture both has no metric of its own"),
        ([("every: 50", "every: 50, metric: f1")], "rte is not measured by it"),
        ([("deepspeed", STOPPED_FEW + "deepspeed")], "few-shot stages have no English held-out rows"),
    ],
)  # fmt: skip
def test_what_has_no_english_held_out_rows_or_no_such_metric_is_refused(
    tmp_path: Path, changes: list[tuple[str, str]], says: str
) -> None:
    from harness.resources import shipped

    task = (shipped("tasks") / "training" / "panx_en.yaml").read_text()
    (tmp_path / "tasks").mkdir()
    german = task.replace("name: panx_en", "name: panx_de", 1).replace("kind:", "language: de\nkind:", 1)
    write(tmp_path / "tasks", "panx_de.yaml", german)
    rte = (shipped("tasks") / "training" / "rte.yaml").read_text()
    write(tmp_path / "tasks", "plain.yaml", rte.replace("name: rte", "name: plain", 1).split("held_out:")[0])
    text = changed(STOPPED, *changes)
    if "both" in text:
        text += "mixtures: {both: {tasks: [rte, pawsx]}}\n"
    with pytest.raises(SpecError, match=says):
        load_sequences([write(tmp_path, "trial.yaml", text)])
