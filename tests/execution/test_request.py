"""A step's file travels: what lies below a root is found below the root of the machine that reads it."""

from pathlib import Path

import pytest

from harness.execution.request import Roots, StepRequest
from harness.execution.steps.evaluate import EvaluateStep
from harness.models.references import ModelRef
from harness.resources import shipped


class Machine:
    def __init__(self, folder: Path) -> None:
        self.store, self.data, self.home = folder / "store", folder / "data", folder / "home"
        self.model, self.tasks = self.data / "models" / "bert", self.home / "tasks"
        for one in (self.store, self.model, self.tasks):
            one.mkdir(parents=True)

    def enter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XSTILTS_HOME", str(self.home))


def test_a_step_is_read_with_the_folders_of_the_machine_that_reads_it(tmp_path, monkeypatch):
    login, node = Machine(tmp_path / "login"), Machine(tmp_path / "node")
    elsewhere = tmp_path / "scratch"
    step = EvaluateStep(
        digest="d" * 32,
        model=ModelRef(name=str(login.model)),
        stage="e" * 32,
        has_head=True,
        split="test",
        limit=None,
        batch_size=8,
        precision="fp32",
        data={},
        task_folders=(login.tasks, shipped("tasks"), elsewhere),
    )
    login.enter(monkeypatch)
    request = StepRequest(attempt="run/1", label="a step", step=step)
    file = tmp_path / "request.json"
    request.write(file, Roots.here(login.store, (login.data, login.tasks)))
    assert str(login.model) not in file.read_text() and str(login.tasks) not in file.read_text()

    node.enter(monkeypatch)
    read = StepRequest.read(file, node.store, (node.data,))
    assert read.step.model.name == str(node.model)
    assert read.step.task_folders == (node.tasks, shipped("tasks"), elsewhere)
    assert read.data_dir == (node.data, login.data, node.tasks)

    login.enter(monkeypatch)
    assert StepRequest.read(file, login.store, None) == request.model_copy(
        update={"data_dir": (login.data, login.tasks)}
    )


@pytest.mark.parametrize("name", ["embedded:e5-small", "org/model", "{unknown}/model"])
def test_a_name_that_is_no_path_below_a_root_stays(tmp_path, name):
    roots = Roots.here(tmp_path, (tmp_path / "data",))
    assert roots.located(roots.portable(name)) == name
