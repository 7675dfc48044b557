"""Completion by the shell, the groups of `--help`, and the pages that errors name."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.cli.main import COMMANDS, GROUPS

ROOT = Path(harness.__file__).resolve().parents[1]


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "HOME": str(folder),
        "XSTILTS_HOME": f"{folder}/own",
        "SHELL": "/bin/bash",
    }
    command = [sys.executable, "-m", "harness.cli.main", *words]
    return subprocess.run(command, env=environment | variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("xstilts va", "validate"), ("xstilts run --exec", "--executor"), ("xstilts run nli-o", "nli-order")],
)
def test_the_shell_is_offered_commands_options_and_names(tmp_path: Path, typed: str, offered: str) -> None:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    done = run(tmp_path, _XSTILTS_COMPLETE="bash_complete", **words)
    assert f"plain,{offered}" in done.stdout.splitlines()


def test_one_command_installs_it_once(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("alias ll='ls -l'")
    for _ in range(2):
        assert run(tmp_path, "completion").returncode == 0
    start = (tmp_path / ".bashrc").read_text().splitlines()
    assert start[0] == "alias ll='ls -l'" and len(start) == 2
    functions = subprocess.run(
        ["bash", "--rcfile", str(tmp_path / ".bashrc"), "-ic", "complete -p xstilts"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "_xstilts_completion" in functions.stdout
    refused = run(tmp_path, "completion", SHELL="/bin/tcsh")
    assert refused.returncode == 2 and "xstilts completion bash" in refused.stderr


def test_the_help_has_every_command_in_its_group(tmp_path: Path) -> None:
    text = run(tmp_path, "--help").stdout
    assert [line[:-1] for line in text.splitlines() if line.endswith(":")] == ["Options", *GROUPS]
    assert all(re.search(rf"^  {name} ", text, re.MULTILINE) for name in COMMANDS)


def test_an_error_names_the_page_that_explains_it(tmp_path: Path) -> None:
    pages = {
        found
        for path in (ROOT / "harness").rglob("*.py")
        for found in re.findall(r'^    page = "(.*)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(pages) > 3 and all((ROOT / "docs" / page).is_file() for page in pages)
    done = run(tmp_path, "run", "nli-order", "--data-dir", str(tmp_path / "none"))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "More in the documentation: how-to/add-a-task.md"
