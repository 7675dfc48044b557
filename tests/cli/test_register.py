from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.main import cli
from harness.config.registry import NameTakenError, NotRegisteredError, NotSelfContainedError
from harness.errors import UserError
from harness.resources import user_folder
from tests.config.files import SEQUENCE, TASK, changed, write


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSTILTS_HOME", str(tmp_path / "home"))


def register(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["register", *arguments])


def refused(error: type[UserError], *arguments: str) -> str:
    done = register(*arguments)
    assert isinstance(done.exception, error), done.output
    assert not list(user_folder().glob("sequences/.*"))
    return str(done.exception)


def test_a_registered_sequence_shows_its_plan_and_is_known_by_name(tmp_path: Path) -> None:
    path = write(tmp_path, "file.yaml", SEQUENCE)
    done = register(str(path))
    assert done.exit_code == 0
    assert "6 sequences" in done.output
    assert "└─ xnli ●" in done.output
    copy = user_folder() / "sequences" / "trial.yaml"
    assert str(copy) in done.output
    assert copy.read_bytes() == path.read_bytes()
    assert "trial: ok (6 sequences" in CliRunner().invoke(cli, ["validate", "trial"]).output
    listed = CliRunner().invoke(cli, ["list", "sequences"]).output
    assert [line.split()[-1] for line in listed.splitlines() if line.startswith("trial ")] == ["user"]


def test_a_registered_sequence_is_not_overwritten_without_force(tmp_path: Path) -> None:
    assert register(str(write(tmp_path, "one.yaml", SEQUENCE))).exit_code == 0
    copy = user_folder() / "sequences" / "trial.yaml"
    other = write(tmp_path, "two.yaml", changed(SEQUENCE, ("seeds: [1, 2]", "seeds: [3]")))
    assert "--force" in refused(NameTakenError, str(other))
    assert "[1, 2]" in copy.read_text()
    assert register(str(other), "--force").exit_code == 0
    assert "[3]" in copy.read_text()
    assert {path.name for path in copy.parent.iterdir()} == {"trial.yaml", "trial.origin.json"}


def test_the_name_of_a_shipped_sequence_is_refused_even_by_force(tmp_path: Path) -> None:
    path = write(tmp_path, "one.yaml", changed(SEQUENCE, ("name: trial", "name: quickstart")))
    assert "choose another" in refused(NameTakenError, str(path), "--force")


def test_a_malformed_sequence_is_not_registered(tmp_path: Path) -> None:
    path = write(tmp_path, "one.yaml", changed(SEQUENCE, ("seeds: [1, 2]", "seeds: 5")))
    assert "e.g. [5]" in refused(UserError, str(path))
    assert not user_folder().exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("[rte, pawsx]", "[rte, own]"), "move them"),
        (("zero2", "my.json"), "my.json' is relative to this file"),
        (("embedded:e5-small", "./model"), "./model' is relative to this file"),
    ],
)
def test_what_its_copy_would_not_find_is_refused(change: tuple[str, str], says: str, tmp_path: Path) -> None:
    write(tmp_path, "tasks/own.yaml", TASK)
    write(tmp_path, "my.json", "{}")
    write(tmp_path, "model/config.json", "{}")
    path = write(tmp_path, "one.yaml", changed(SEQUENCE, change))
    assert says in refused(NotSelfContainedError, str(path))
    assert not user_folder().exists()


def test_every_use_of_a_copy_says_that_its_original_was_changed(tmp_path: Path) -> None:
    path = write(tmp_path, "my.yaml", SEQUENCE)
    assert register(str(path)).exit_code == 0
    assert "warning" not in CliRunner().invoke(cli, ["plan", "trial"]).output
    path.write_text(changed(SEQUENCE, ("seeds: [1, 2]", "seeds: [3]")))
    said = CliRunner().invoke(cli, ["plan", "trial"]).output
    assert f"warning: trial is a registered copy; {path}, which it was copied from, was changed since" in said
    assert f"xstilts register {path} --force" in said
    assert "seeds: 1, 2" in said
    shown = CliRunner().invoke(cli, ["diff", "trial"])
    assert shown.exit_code == 1
    assert "-seeds: [1, 2]\n+seeds: [3]" in shown.output
    assert register(str(path), "--force").exit_code == 0
    assert CliRunner().invoke(cli, ["diff", "trial"]).exit_code == 0


def test_an_unregistered_sequence_is_unknown(tmp_path: Path) -> None:
    write(tmp_path, "trial.lock.json", "{}")
    assert register(str(write(tmp_path, "my.yaml", SEQUENCE))).exit_code == 0
    folder = user_folder() / "sequences"
    assert {path.name for path in folder.iterdir()} == {"trial.yaml", "trial.lock.json", "trial.origin.json"}
    assert CliRunner().invoke(cli, ["unregister", "trial"]).exit_code == 0
    assert not list(folder.iterdir())
    assert isinstance(CliRunner().invoke(cli, ["unregister", "quickstart"]).exception, NotRegisteredError)
