"""Whatever words follow `xstilts`, it answers or refuses in words; nothing else is raised."""

import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from harness.cli.main import COMMANDS, main

# No word names a sequence that exists: it would begin to be trained.
OPTIONS = [
    "--store", "--data-dir", "--seeds", "--limit", "--deepspeed", "--workers", "--processes", "--json",
    "--cost", "--leaderboards", "--reported", "--help", "--accelerator", "--devices", "--utilization",
    "--unfinished", "--note", "--title", "--question", "--sequence", "--labels", "--revision", "--kind",
    "--from", "--together", "--name", "--row", "--into", "--seed", "--target", "--difference", "--force",
    "--dry-run", "--logs", "--stall-minutes", "--tasks", "--output", "--no-such-option", "-h", "--", "-",
]  # fmt: skip
# A folder, and files that are not what they are taken for.
PLACES = ["folder", "empty.json", "list.json", "board.md", "bytes.yaml", "empty.yaml", "fifo.yaml", "loop"]
WORDS = st.sampled_from(
    ["nowhere.yaml", "nli-ordr", "0", "-1", "1e9", "1,2,x", "zero2", "zero9", "/", ".", "..", "\x00",
     "\x1b[0m", "name\nname", "~", "", " ", "9" * 400, "check", "repair", "gc", "size", "tasks",
     "sequences", "{", "é" * 127, "é" * 300, "\udcff.yaml", "\ud800", "[/bold]", "folder/", "board.md/x",
     "/dev/null", "nan", "inf", "-", *PLACES]
) | st.text(max_size=12)  # fmt: skip


def _places(folder: Path) -> None:
    (folder / "folder").mkdir()
    (folder / "empty.json").touch()
    (folder / "list.json").write_text("[" * 3000)
    (folder / "board.md").write_text("# A page\n")
    (folder / "board.json").write_text('{"format": "xstilts-leaderboard-3", "board": {}}')
    (folder / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    (folder / "empty.yaml").touch()
    os.mkfifo(folder / "fifo.yaml")
    (folder / "loop").symlink_to("loop")


def _answer(words: Sequence[str], folder: Path) -> tuple[int, str]:
    """Run the command as from a terminal; return exit code and what it wrote."""
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with (
            chdir(folder), redirect_stdout(streams[0]), redirect_stderr(streams[1]),
            patch.object(sys, "argv", ["xstilts", *words]),
        ):  # fmt: skip
            main()
        code: object = 0
    except SystemExit as stop:
        code = stop.code or 0
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert isinstance(code, int), code
    return code, "".join(stream.buffer.getvalue().decode() for stream in streams)  # type: ignore[attr-defined]


@given(
    command=st.sampled_from(sorted(COMMANDS)) | st.sampled_from(["rn", "", "--version", "-"]),
    words=st.lists(st.sampled_from(OPTIONS) | WORDS, max_size=5),
)
def test_any_command_line(places: Path, command: str, words: list[str]) -> None:
    code, output = _answer([command, *words], places)
    event(f"exit code {code}")
    assert code in (0, 1, 2)
    assert output.strip()
    assert "Traceback" not in output
    assert "\x1b" not in output


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("places")
    _places(folder)
    return folder


# One command for each type of argument or option that names a file or folder.
NAMING = [
    ["validate"], ["run"], ["verify"], ["merge"], ["eval", "--tasks", "mini_nli_de", "--output", "out"],
    ["store", "check", "--store"], ["run", "nowhere.yaml", "--deepspeed"],
    ["run", "nowhere.yaml", "--leaderboards"], ["publish", "nowhere.yaml", "--from"],
    ["reproduce", "board.md", "--row", "1", "--into"],
]  # fmt: skip
ODD = ["", " ", "é" * 300, "a\0b", "\udcff", "loop", "board.md/x"]


@pytest.mark.parametrize("words", NAMING, ids=" ".join)
def test_a_name_that_no_file_can_have_is_refused(places: Path, words: list[str]) -> None:
    for odd in ODD:
        code, output = _answer([*words, odd], places)
        assert code == 2, (odd, output)
        assert "Traceback" not in output


@pytest.mark.parametrize("words", NAMING[:5], ids=" ".join)
def test_what_is_not_the_expected_file_is_refused(places: Path, words: list[str]) -> None:
    for place in (".", "/", "..", *PLACES):
        code, output = _answer([*words, place], places)
        # What is there and is not as published is a difference.
        differs = words[0] == "verify" and (place == "." or place.endswith((".json", ".md")))
        assert code == (1 if differs else 2), (place, output)
        assert "Traceback" not in output
