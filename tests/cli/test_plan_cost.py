"""`xstilts plan --cost`, with and without data and a store."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.plan import command
from harness.config.catalogue import find_sequence
from harness.cost.accelerators import ACCELERATORS
from harness.cost.estimate import UTILIZATION
from harness.errors import UserError
from tests.config.files import SEQUENCE, changed, write


def plan(*arguments: str) -> str:
    return CliRunner().invoke(command, arguments, catch_exceptions=False).output


def test_says_what_the_numbers_rest_on(tmp_path: Path) -> None:
    file = write(tmp_path, "trial.yaml", SEQUENCE)
    text = plan(str(file), "--cost", "--accelerator", "H100", "--devices", "2", "--utilization", "0.4")
    assert "2 × NVIDIA H100 SXM 80 GB at 40% of its peak, ZeRO 2" in text
    assert "rte: rows as published; tokens assumed (25 a text)" in text
    assert "scoring xnli" in text


def test_counts_rows_and_tokens_of_the_data_at_hand(tmp_path: Path, shared_data: Path) -> None:
    """The tokens that training really saw with this model: 182,689 and 312,909 as their stages recorded."""
    content = json.loads(
        plan(
            "rte-paraphrase-xnli", "--cost", "--json", "--accelerator", "cpu", "--data-dir", str(shared_data)
        )
    )
    tasks = {task["task"]: task for task in content["cost"]["tasks"]}
    assert tasks["rte"]["size"]["rows"] == 2490
    assert tasks["rte"]["each"]["tokens"] == pytest.approx(182_689, rel=0.03)
    assert tasks["xnli"]["each"]["tokens"] == pytest.approx(312_909, rel=0.03)
    assert content["cost"]["disk"] > 27 * 86e6


def test_an_unknown_model_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    file = write(tmp_path, "trial.yaml", changed(SEQUENCE, ("embedded:e5-small", "someone/encoder")))
    with pytest.raises(UserError, match="someone/encoder"):
        plan(str(file), "--cost")


def test_a_model_that_does_not_fit_and_a_format_that_is_lacking_are_warned_of(tmp_path: Path) -> None:
    file = write(tmp_path, "trial.yaml", changed(SEQUENCE, ("embedded:e5-small", "google/mt5-xxl")))
    text = plan(str(file), "--cost", "--accelerator", "T4")
    assert "do not fit its" in text
    assert "does not do the precision" in text


def test_million_sequences_are_costed_without_being_built(tmp_path: Path) -> None:
    names = "mnli, qqp, qnli, sst2, cola, mrpc, rte, mini_nli, mini_qa"
    text = changed(SEQUENCE, ("[rte, pawsx]", f"[{names}]"), ("{lengths: [0, 1]}", "all"), ("[1, 2]", "[1]"))
    assert "1,972,819" in plan(str(write(tmp_path, "trial.yaml", text)), "--cost")


def test_needs_no_torch() -> None:
    program = (
        "import sys; from click.testing import CliRunner; from harness.cli.plan import command\n"
        f"result = CliRunner().invoke(command, [{str(find_sequence('nli-order'))!r}, '--cost'])\n"
        "assert result.exit_code == 0, result.output\n"
        "print(sorted({'torch', 'transformers', 'deepspeed'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_every_known_accelerator_can_be_named() -> None:
    options = {option.name: option for option in command.params}
    assert tuple(options["accelerator"].type.choices) == tuple(ACCELERATORS)
    assert options["utilization"].default == UTILIZATION
