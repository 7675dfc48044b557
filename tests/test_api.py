"""The public Python API: what it offers, that it is light, and that it does what the command line does."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.errors import UserError
from tests.end_to_end.command import xstilts
from tests.execution.experiment import make_experiment

SIGNATURES = {
    "evaluate": "checkpoint, tasks, *, output, data_dir, split, limit, batch_size, precision, labels, "
    "include_path, revision, trust_remote_code, report",
    "load": "sequence",
    "plan": "sequence, *, limit, seeds, add_seeds, deepspeed",
    "publish": "*sequences, store, leaderboards, data_dir, limit, seeds, add_seeds, deepspeed, reported, "
    "note, replace, together, title",
    "read_leaderboard": "path",
    "run": "sequence, *, store, leaderboards, data_dir, limit, seeds, add_seeds, deepspeed, executor, "
    "workers, processes, resume_minutes, stall_minutes, stop_seconds, discard_target_weights, reported, "
    "note, replace, quiet",
}


def shape(function) -> str:
    names, starred = [], False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            names.append(f"*{parameter.name}")
            starred = True
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            names.append("*")
            starred = True
        names.append(parameter.name)
    return ", ".join(names)


def test_what_it_offers_and_with_which_arguments_does_not_change_unseen():
    functions = {
        name: getattr(harness, name) for name in harness.__all__ if name.islower() and name[0] != "_"
    }
    assert {name: shape(function) for name, function in functions.items()} == SIGNATURES
    assert all(function.__doc__ and "Raises:" in function.__doc__ for function in functions.values())
    assert set(harness.__all__) == {*SIGNATURES, "Leaderboard", "__version__"}


def test_importing_it_and_planning_load_no_heavy_library():
    program = (
        "import sys, harness; before = set(sys.modules); harness.plan('quickstart')\n"
        "print(len([name for name in before if name.startswith('harness')]),"
        " {'torch', 'numpy', 'transformers', 'lm_eval', 'pyarrow', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1 set()"


def test_a_package_of_its_name_does_not_hide_a_function():
    importlib.import_module("harness.execution.run")  # loads most of the packages
    assert callable(harness.plan) and callable(harness.run) and callable(harness.publish)


def test_errors_are_those_of_the_command_line(tmp_path):
    for wrong in (
        lambda: harness.load(tmp_path / "none.yaml"),
        lambda: harness.plan("quickstrat"),
        lambda: harness.run("quickstart", store=tmp_path, workers=0),
        lambda: harness.run("quickstart", store=tmp_path, executor="none"),
        lambda: harness.publish("quickstart", store=tmp_path / "none"),
        lambda: harness.evaluate(tmp_path, "mini_nli", output=tmp_path, precision="fp8"),
        lambda: harness.evaluate(tmp_path, " , ", output=tmp_path),
        lambda: harness.read_leaderboard(tmp_path / "none.md"),
    ):
        with pytest.raises(UserError) as raised:
            wrong()
        assert len(str(raised.value)) > 20


@pytest.mark.slow
def test_a_run_its_page_and_a_score_are_those_of_the_command_line(tmp_path):
    file = make_experiment(tmp_path, rows=16, orders="[[rte]]", seeds="[1]")
    data, store = tmp_path / "data", tmp_path / "store"
    report = harness.run(
        file, store=store, leaderboards=tmp_path / "boards", data_dir=data, executor="inline", quiet=True
    )
    assert report.outcome.made["train"] == 2 and not report.outcome.failures
    assert len(harness.plan(file).stages) == 2
    board = harness.read_leaderboard(report.published.json)
    assert [row.sequence for row in board.rows] == [row.sequence for row in board.publication.board.rows]

    (again,) = harness.publish(harness.load(file), store=store, leaderboards=tmp_path / "api", data_dir=data)
    xstilts(tmp_path, "publish", str(file), "--store", "store", "--leaderboards", "cli")
    for name in ("tiny-orders.json", "tiny-orders.md"):
        assert (tmp_path / "api" / name).read_bytes() == (tmp_path / "cli" / name).read_bytes()
    assert again.markdown == tmp_path / "api" / "tiny-orders.md"

    stage = _stage(store)
    result = harness.evaluate(stage, ["xtreme_xnli_de"], output=tmp_path / "scores", data_dir=data)
    assert result is not None
    (score,) = result.scores
    assert score.score in {run.score for run in board.runs if run.task == "xtreme_xnli_de"}


def _stage(store: Path) -> Path:
    from harness.store.store import Store
    from harness.training.manifest import STAGES

    opened = Store(store)
    stage = next(manifest for manifest in opened.all(STAGES) if manifest.task == "xnli")
    return opened.path(STAGES, stage.digest)
