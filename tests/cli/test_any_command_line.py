"""Whatever words follow `xstilts`, it answers or refuses in words; nothing else is raised."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from harness.cli.main import COMMANDS, cli
from harness.errors import XstiltsError

# No word names a sequence that exists: it would begin to be trained.
OPTIONS = [
    "--store", "--data-dir", "--seeds", "--limit", "--deepspeed", "--workers", "--processes", "--json",
    "--cost", "--leaderboards", "--reported", "--help", "--accelerator", "--devices", "--utilisation",
    "--unfinished",
    "--from", "--together", "--name", "--row", "--into", "--seed",
    "--dry-run", "--logs", "--stall-minutes", "--tasks", "--output", "--no-such-option", "-h", "--", "-",
]  # fmt: skip
WORDS = st.sampled_from(
    ["nowhere.yaml", "nli-ordr", "0", "-1", "1e9", "1,2,x", "zero2", "zero9", "/", ".", "../..", "\x00",
     "\x1b[0m", "name\nname", "~", "", "9" * 400, "check", "repair", "gc", "size", "tasks",
     "sequences", "{", "é" * 300]
) | st.text(max_size=12)  # fmt: skip


def _any_line(examples: int) -> Callable[[Path], None]:
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(
        command=st.sampled_from(sorted(COMMANDS)) | st.sampled_from(["rn", "", "--version", "-"]),
        words=st.lists(st.sampled_from(OPTIONS) | WORDS, max_size=5),
    )
    def check(folder: Path, command: str, words: list[str]) -> None:
        runner = CliRunner()
        with runner.isolated_filesystem(folder):
            done = runner.invoke(cli, [command, *words])
        if isinstance(done.exception, XstiltsError):
            event(f"exit code {done.exception.exit_code}")
            assert done.exception.exit_code in (1, 2) and str(done.exception)
        else:
            assert done.exception is None or isinstance(done.exception, SystemExit), (
                command, words, done.exception
            )  # fmt: skip
            event(f"exit code {done.exit_code}")
            assert done.exit_code in (0, 1, 2)
            assert "Traceback" not in done.output

    return check


def test_any_command_line(tmp_path: Path) -> None:
    _any_line(40)(tmp_path)


@pytest.mark.slow
def test_many_command_lines(tmp_path: Path) -> None:
    _any_line(400)(tmp_path)
