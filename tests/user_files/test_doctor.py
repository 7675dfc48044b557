"""`xstilts doctor` names at once all that would stop a run, and says of a sound file that nothing does."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.lm_eval import LmEvalRefusesError, _refuse_commas_in_paths
from harness.cli.main import cli
from tests.execution.experiment import make_experiment


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_experiment(tmp_path, rows=16)


def doctor(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["doctor", *map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_a_machine_a_model_and_a_deepspeed_file_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, words = doctor()
    assert (code, "Nothing stands against a run." in words, "no compiler is needed" in words) == (
        0,
        True,
        True,
    )
    assert doctor("zero2")[0] == 0
    assert doctor(file.parent / "model")[0] == 0
    monkeypatch.setenv("DS_ACCELERATOR", "npu")
    monkeypatch.setenv("WORLD_SIZE", "2")
    code, words = doctor(file.parent / "model2")
    assert code == 2
    for says in (
        "DS_ACCELERATOR=npu",
        "kept from workers: WORLD_SIZE",
        "there is no such folder",
        "2 of these",
    ):
        assert says in words


def test_a_sound_experiment(file: Path) -> None:
    code, words = doctor(file, "--data-dir", file.parent / "data")
    assert code == 0, words
    assert "it goes with the tasks and their settings" in words


def test_everything_that_is_missing_is_named_at_once(file: Path) -> None:
    data, model = file.parent / "data", file.parent / "model"
    for name in ("xtreme/xnli/test-de.tsv", "xtreme/xnli/test-sw.tsv", "glue/rte/train.tsv"):
        (data / name).unlink()
    (model / "tokenizer.json").unlink()
    code, words = doctor(file, "--data-dir", data)
    assert code == 2
    stops = [line for line in words.splitlines() if line.startswith("STOPS")]
    assert len(stops) == 4
    for says in ("test-de.tsv", "test-sw.tsv", "rte", "tokenizer"):
        assert any(says in line for line in words.splitlines())


def test_what_a_run_finds_before_its_first_step_is_found_here(file: Path) -> None:
    file.write_text(file.read_text().replace("max_length: 32", "max_length: 128"))
    code, words = doctor(file, "--data-dir", file.parent / "data")
    assert code == 2
    assert "128 is more than the model's 64 positions" in words


def test_a_checkpoints_path_with_a_comma_is_shown_as_json() -> None:
    with pytest.raises(LmEvalRefusesError, match="as JSON") as caught:
        _refuse_commas_in_paths(["--model_args", "pretrained=/a/lr=1,seed 2,precision=bf16"])
    shown = str(caught.value).partition("--model_args ")[2].strip("'")
    assert json.loads(shown) == {"pretrained": "/a/lr=1,seed 2", "precision": "bf16"}
    _refuse_commas_in_paths(["--model_args", "pretrained=/a/lr=1,precision=bf16"])
    _refuse_commas_in_paths([f"--model_args={shown}"])


def test_a_group_and_its_member_load_as_the_group() -> None:
    from harness.evaluation.task_manager import EvaluationTaskManager

    manager = EvaluationTaskManager(include_defaults=False)
    names = ["xtreme_xnli_de", "xtreme_xnli", "xtreme_pawsx_en"]
    assert manager._without_members(names) == ["xtreme_xnli", "xtreme_pawsx_en"]
    assert manager._without_members(["xtreme_xnli_de"]) == ["xtreme_xnli_de"]
