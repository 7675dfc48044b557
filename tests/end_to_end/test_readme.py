"""Every command of the README is run, in a folder of its own, as a reader would type it."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from harness.config.load import load_sequences
from tests.execution.experiment import make_experiment

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def of(program: str) -> list[str]:
    return [command for command in commands() if command.startswith(program + " ")]


def sequence_files() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)


def test_what_else_a_sequence_file_can_say_is_valid(tmp_path: Path) -> None:
    whole, more = map(yaml.safe_load, sequence_files())
    (tmp_path / "my-order.yaml").write_text(
        yaml.safe_dump(whole | more | {"orders": "all", "training": more["training"]})
    )
    (loaded,) = load_sequences([tmp_path / "my-order.yaml"])
    assert loaded.spec.mixtures and loaded.spec.few_shot


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with the README's sequence file on a tiny model, its data, and a classifier `CHECKPOINT`."""
    folder = tmp_path_factory.mktemp("readme")
    make_experiment(folder)
    changed = sequence_files()[0].replace("FacebookAI/xlm-roberta-base", f"{folder}/model")
    changed = changed.replace("[xtreme_xnli]", "[xtreme_xnli_en, xtreme_xnli_de, xtreme_xnli_sw]")
    changed = changed.replace("batch_size: 32", "batch_size: 32\n  max_length: 32")
    assert changed.count("max_length") == 1 and "xlm-roberta" not in changed
    (folder / "my-order.yaml").write_text(changed)
    (folder / "data" / "glue" / "qnli").mkdir()
    rte = (folder / "data" / "glue" / "rte" / "train.tsv").read_text()
    (folder / "data" / "glue" / "qnli" / "train.tsv").write_text(
        rte.replace("sentence1", "question", 1).replace("sentence2", "sentence", 1)
    )
    (folder / "data" / "glue" / "cola").mkdir()
    rows = [line.split("\t") for line in rte.splitlines()[1:]]
    cola = [f"gj04\t{int(label == 'entailment')}\t\t{text}" for _, text, _, label in rows]
    (folder / "data" / "glue" / "cola" / "train.tsv").write_text("\n".join(cola) + "\n")
    (folder / "data").rename(folder / "DATA")
    return folder


def run(command: str, place: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    assert words[0] == "xstilts"
    environment = os.environ | {
        "PYTHONPATH": str(ROOT), "XSTILTS_HOME": str(place / "home"), "XSTILTS_STORE": str(place / "store"),
        "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "harness.cli.main", *words[1:]],
        cwd=place, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_every_command_is_of_a_program_that_is_tested_here():
    assert {command.split()[0] for command in commands()} == {"make", "pip", "xstilts"}


@pytest.mark.parametrize("command", of("make"))
def test_make_knows_its_targets(command):
    done = subprocess.run(
        [*shlex.split(command), "-n"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", of("pip"))
def test_pip_is_told_of_extras_that_exist(command):
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (extras,) = re.findall(r"\[([a-z,]+)\]", command)
    assert set(extras.split(",")) <= set(project["optional-dependencies"])


@pytest.mark.slow
def test_the_commands_work_in_the_order_in_which_they_stand(place):
    scored = [command for command in of("xstilts") if "CHECKPOINT" in command]
    on_gpus = [command for command in of("xstilts") if "--processes 8" in command]
    rest = [command for command in of("xstilts") if command not in (*scored, *on_gpus)]
    assert scored and on_gpus and any(command.startswith("xstilts run") for command in rest)
    for command in rest:
        done = run(command, place)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    page = (place / "leaderboards" / "my-order.md").read_text()
    assert "qnli → cola → xnli" in page
    planned = run("xstilts plan nli-order", place)
    assert planned.returncode == 0, planned.stderr
    checkpoint = _nli_checkpoint(place)
    for command in scored:
        done = run(command.replace("CHECKPOINT", str(checkpoint)), place)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def _nli_checkpoint(place: Path) -> Path:
    from harness.store.store import Store
    from harness.training.manifest import STAGES

    store = Store(place / "store")
    stage = next(manifest for manifest in store.all(STAGES) if manifest.task == "xnli")
    return store.path(STAGES, stage.digest) / "classifier"
