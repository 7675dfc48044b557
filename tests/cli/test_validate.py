import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import cli, main
from tests.config import test_malformed_sequences, test_malformed_tasks
from tests.config.files import SEQUENCE, TASK, changed, write

SEQUENCES = test_malformed_sequences.CASES
TASKS = test_malformed_tasks.CASES


def run_in_process(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    """Run the command's entry point as the shell would; return exit code and standard error."""
    monkeypatch.setattr(sys, "argv", ["xstilts", *arguments])
    with pytest.raises(SystemExit) as exit_:
        main()
    return int(exit_.value.code or 0), capsys.readouterr().err


@pytest.mark.parametrize("name", [*SEQUENCES, *(f"task: {name}" for name in TASKS)])
def test_a_malformed_file_ends_with_code_2_place_and_remedy(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if name in SEQUENCES:
        case, path = SEQUENCES[name], write(tmp_path, "trial.yaml", changed(SEQUENCE, SEQUENCES[name].change))
    else:
        case = TASKS[name.removeprefix("task: ")]  # type: ignore[assignment]
        path = write(tmp_path, "own.yaml", changed(TASK, case.change))
    code, errors = run_in_process(["validate", str(path)], monkeypatch, capsys)
    assert code == 2
    assert f"{path}:{case.line}: {case.key}" in errors
    assert "remedy: " in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("command", ["validate", "plan", "run", "register", "lock"])
def test_every_command_refuses_a_malformed_file_alike(command: str, tmp_path: Path) -> None:
    path = write(tmp_path, "trial.yaml", changed(SEQUENCE, ("[rte, pawsx]", "[rte, pawx]"), ("[1, 2]", "5")))
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli.main", command, str(path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"{path}:3: intermediates[1]: there is no such training task (found: 'pawx')" in done.stderr
    assert "remedy: did you mean 'pawsx'?" in done.stderr
    assert f"{path}:6: seeds: must be a list" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_executor_profile_for_rays_client_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "own.yaml", "executor: ray\nsettings:\n  address: ray://head:10001\n")
    code, errors = run_in_process(["validate", str(path)], monkeypatch, capsys)
    assert code == 2
    assert f"{path}:3: settings.address" in errors and "run xstilts on a node of the cluster" in errors


def test_sound_files_are_counted(tmp_path: Path) -> None:
    task, path = write(tmp_path, "own.yaml", TASK), write(tmp_path, "trial.yaml", SEQUENCE)
    done = CliRunner().invoke(cli, ["validate", str(path), str(task), "quickstart"])
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        f"{path}: ok (6 sequences, 10 stages)",
        f"{task}: ok (training task, classification, 3 labels)",
        "quickstart: ok (10 sequences, 18 stages)",
    ]


def test_problems_of_all_files_come_at_once_and_missing_files_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write(tmp_path, "one.yaml", changed(SEQUENCE, ("zero2", "zero9")))
    two = write(tmp_path, "own.yaml", changed(TASK, ("label: label", "label: premise")))
    code, errors = run_in_process(["validate", str(one), "quikstart", str(two)], monkeypatch, capsys)
    assert code == 2
    assert errors.startswith("xstilts: 3 problems found\n")
    assert f"{one}:12: deepspeed: " in errors
    assert "did you mean 'quickstart'?" in errors
    assert f"{two}:8: label: " in errors
