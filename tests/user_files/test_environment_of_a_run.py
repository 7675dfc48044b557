"""What the surroundings leave behind: launchers' variables, absent devices, signals, other paths."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.config.load import load_sequences
from harness.config.problem import SpecError
from harness.execution.environment import (
    AcceleratorError,
    check_accelerator,
    visible_devices,
    worker_variables,
)
from harness.store.store import Store
from harness.training.distributed import World
from harness.training.manifest import STAGES
from harness.training.resume import ResumePoints
from tests.config.files import SEQUENCE, changed, write
from tests.execution.command import FREQUENT_POINTS, command, environment, wait_for, xstilts
from tests.execution.experiment import make_experiment

LEFT_BEHIND = {
    "RANK": "1",
    "WORLD_SIZE": "2",
    "LOCAL_RANK": "3",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "29511",
    "GROUP_RANK": "0",
    "ROLE_WORLD_SIZE": "2",
    "TORCHELASTIC_RUN_ID": "none",
    "PET_NNODES": "2",
}


def test_a_run_works_among_a_launchers_leftovers_and_from_any_folder(tmp_path: Path) -> None:
    file = make_experiment(tmp_path, rows=16, orders="[[]]", seeds="[1]")
    file.write_text(file.read_text().replace(f"model: {tmp_path}/model", "model: ./model"))
    (tmp_path / "elsewhere").mkdir()
    done = subprocess.run(
        command("run", str(file), "--data-dir", str(tmp_path / "data"), "--store", str(tmp_path / "store")),
        cwd=tmp_path / "elsewhere",
        env=environment(tmp_path) | LEFT_BEHIND | {"CUDA_VISIBLE_DEVICES": "0,"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(Store(tmp_path / "store").all(STAGES))) == 1


def test_workers_see_no_launcher_and_only_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**LEFT_BEHIND, "CUDA_VISIBLE_DEVICES": "0,1,", "MASTER_KEY": "kept"}.items():
        monkeypatch.setenv(name, value)
    found = worker_variables(3)
    assert not LEFT_BEHIND.keys() & found.keys()
    assert (found["CUDA_VISIBLE_DEVICES"], found["MASTER_KEY"]) == ("0,1", "kept")
    assert worker_variables(1, ("1",))["CUDA_VISIBLE_DEVICES"] == "1"


@pytest.mark.parametrize(
    ("named", "devices"),
    [
        (None, None),
        ("", ()),
        ("-1", ()),
        ("NoDevFiles", ()),
        ("0,", ("0",)),
        ("2, 3", ("2", "3")),
        ("1,-1,0", ("1",)),
        ("GPU-3f2a9c,MIG-77", ("GPU-3f2a9c", "MIG-77")),
    ],
)
def test_devices_are_read_as_cuda_reads_them(named: str | None, devices: tuple[str, ...] | None) -> None:
    assert visible_devices({} if named is None else {"CUDA_VISIBLE_DEVICES": named}) == devices


@pytest.mark.parametrize(
    ("named", "has_gpu", "allowed"),
    [
        (None, False, True),
        ("cpu", False, True),
        ("cuda", True, True),
        ("cuda", False, False),
        ("cpu", True, False),
        ("npu", False, False),
        ("nonsense", True, False),
    ],
)
def test_an_accelerator_that_is_not_used_is_refused(named: str | None, has_gpu: bool, allowed: bool) -> None:
    variables = {} if named is None else {"DS_ACCELERATOR": named}
    if allowed:
        check_accelerator(variables, has_gpu)
        return
    with pytest.raises(AcceleratorError, match="unset DS_ACCELERATOR, or set it to"):
        check_accelerator(variables, has_gpu)


def test_a_command_that_is_deep_in_a_library_ends_on_sigterm() -> None:
    blocked = (
        "import hashlib, signal; from harness.cli import main as m;"
        "signal.signal(signal.SIGTERM, m._stop); m._end_though_blocked(); print('deaf', flush=True);"
        "hashlib.pbkdf2_hmac('sha256', b'a', b'b', 10**9)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", blocked], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    time.sleep(1)  # until it is in the library
    process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    assert process.wait(30) == 143
    assert time.monotonic() - started < 15
    assert b"stopped" in process.stderr.read()


def test_steps_saved_under_other_conditions_are_told(tmp_path: Path) -> None:
    slot = tmp_path / "resume" / "a"
    slot.mkdir(parents=True)
    point = {"identity": "x", "step": 1200, "seconds": 1.0, "pending": [], "files": {}}
    content = json.dumps({**point, "made_with": {"processes": "1", "device": "cpu"}})
    (slot / "complete.json").write_text(content)
    from harness.training.resume_key import seal

    (slot / "seal").write_text(seal(tmp_path.parent, content.encode()))
    world = World(0, 1, None)  # type: ignore[arg-type]
    points = ResumePoints(tmp_path, "y", 60, world, {"processes": "2", "device": "cpu"})
    _, found, words = points._newest()
    assert found is None
    assert words is not None and words.startswith("1,200 steps were saved with processes 1 (now 2) and are")


@pytest.mark.slow
def test_another_number_of_processes_at_resume_is_told_on_the_terminal(tmp_path: Path) -> None:
    file = make_experiment(tmp_path, rows=1600, orders="[[]]", seeds="[1]")
    run = xstilts(tmp_path, file=file, wait=False, variables=FREQUENT_POINTS)
    assert isinstance(run, subprocess.Popen)
    points = (tmp_path / "store" / "building").glob
    wait_for(lambda: bool(list(points("*/resume/*/complete.json"))))
    run.send_signal(signal.SIGTERM)
    run.wait(60)
    again = xstilts(tmp_path, "--processes", "2", file=file)
    assert isinstance(again, subprocess.CompletedProcess)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "steps were saved with processes 1 (now 2) and are trained again" in again.stdout


@pytest.mark.parametrize(
    "model", ["./modell", "../nowhere/model", "/nowhere/model", "~/nowhere/model", "a/b/c"]
)
def test_a_model_folder_that_is_not_there_is_refused_with_where_was_looked(
    tmp_path: Path, model: str
) -> None:
    path = write(tmp_path, "trial.yaml", changed(SEQUENCE, ("embedded:e5-small", model)))
    with pytest.raises(SpecError) as caught:
        load_sequences([path])
    (problem,) = caught.value.problems
    looked = (tmp_path / Path(model).expanduser()).absolute()
    assert (problem.line, problem.key) == (2, "model")
    assert f"looked for {looked}" in problem.message


def test_a_folder_that_lies_below_the_current_folder_is_pointed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    path = write(tmp_path, "trial.yaml", changed(SEQUENCE, ("embedded:e5-small", "./model")))
    with pytest.raises(SpecError, match=f"write {tmp_path / 'here' / 'model'}, which is there"):
        load_sequences([path])
