"""The costs in the heads of the shipped sequence files are those that the command prints today."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.plan import command
from harness.config.load import load_sequences
from harness.planning.balance import balance
from harness.resources import shipped

COSTED = sorted(
    path for path in shipped("sequences").glob("*.yaml") if " --cost`" in path.read_text(encoding="utf-8")
)


def head(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return " ".join(line.removeprefix("#").strip() for line in lines if line.startswith("#"))


def test_the_large_files_say_their_cost() -> None:
    assert {"order-pairs", "order-triples", "balanced-six", "nli-order"} <= {path.stem for path in COSTED}


@pytest.mark.parametrize("path", COSTED, ids=lambda path: path.stem)
def test_the_head_says_what_the_estimate_says(path: Path) -> None:
    printed = CliRunner().invoke(command, [str(path), "--cost"], catch_exceptions=False).output
    (total,) = (line for line in printed.splitlines() if line.startswith("all together"))
    stages, _, _, flops, hours, memory, disk = re.split(r"\s{2,}", total.strip())[1:]
    (sequences,) = re.findall(r"^([\d,]+) sequences", printed, re.MULTILINE)
    assert (
        f"{sequences} sequences, {stages} stages, {flops} FLOPs: {hours} hours on one A100 at 30% "
        f"of its peak, {memory} of its memory, {disk} in the store"
    ) in head(path)


def test_the_balanced_example_is_balanced() -> None:
    (loaded,) = load_sequences([shipped("sequences") / "balanced-six.yaml"])
    found = balance(loaded.spec)
    assert found.positions_are_even
    assert found.successions_are_even
    assert found.orders == 6
