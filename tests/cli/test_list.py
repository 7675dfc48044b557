from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import cli
from harness.resources import user_folder
from tests.config.files import SEQUENCE, TASK, changed, write


def table(what: str) -> dict[str, str]:
    done = CliRunner().invoke(cli, ["list", what])
    assert done.exit_code == 0, done.output
    return {line.split()[0]: line for line in done.stdout.splitlines()[2:]}


def test_tasks_sequences_and_files_that_ship_are_listed() -> None:
    tasks = table("tasks")
    assert {"mnli", "qqp", "qnli", "sst2", "cola", "mrpc", "rte", "xnli", "pawsx", "mini_nli"} <= set(tasks)
    assert "392,702" in tasks["xnli"]
    assert "shipped" in tasks["xnli"]
    sequences = table("sequences")
    assert {"quickstart", "nli-order", "rte-paraphrase-xnli"} <= set(sequences)
    assert sequences["nli-order"].split()[-3:] == ["160", "235", "shipped"]
    assert {"zero0", "zero1", "zero2", "zero2_offload", "zero3", "zero3_offload"} <= set(table("deepspeed"))
    assert {"xtreme_xnli", "xtreme_pawsx_ko", "mini_nli"} <= set(table("evaluation"))


def test_the_users_own_are_marked_and_broken_ones_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XSTILTS_HOME", str(tmp_path))
    write(user_folder(), "tasks/own.yaml", TASK)
    write(user_folder(), "sequences/broken.yaml", changed(SEQUENCE, ("seeds: [1, 2]", "seeds: 5")))
    assert table("tasks")["own"].endswith("user")
    assert "xstilts validate broken" in table("sequences")["broken"]
    broken = write(user_folder(), "tasks/other.yaml", TASK)
    done = CliRunner().invoke(cli, ["list", "tasks"])
    assert done.exit_code == 0
    assert f"warning: {broken}:1: name:" in done.stderr
