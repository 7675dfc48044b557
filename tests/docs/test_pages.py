"""Every command and code block of README, CONTRIBUTING and docs/ is one that works."""

import json
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from harness.cli.main import cli
from harness.config.load import check_files
from harness.results.reported import read_reported
from tests.docs.pages import (
    OTHER_KEYS,
    PART,
    ROOT,
    Block,
    blocks,
    carry_out,
    commands,
    page_names,
    write_block,
)
from tests.execution.experiment import make_experiment

# What takes hours, a hub, a GPU or a cluster is not carried out but planned, or its words are checked.
_INSTEAD = {
    "xstilts run quickstart": "xstilts plan quickstart",
    'pip install ".[embedded]"': None,
    "xstilts doctor nli-order": None,
    "xstilts plan nli-order --cost --accelerator A100 --devices 8": None,
    "xstilts run nli-order --processes 8 --deepspeed zero2": "xstilts plan nli-order --deepspeed zero2",
    "xstilts run nli-order --executor four-gpus.yaml --workers 4": None,
}
_TRIAL = "xstilts run quickstart --limit 16 --seeds 1"
_STORE = ".xstilts/store"
# Pages that follow on each other share a folder.
_WALKS = (
    ("README.md", "CONTRIBUTING.md"),
    ("docs/quickstart.md", "docs/how-to/write-a-sequence-file.md"),
    ("docs/how-to/add-a-task.md", "docs/how-to/add-a-corpus.md", "docs/how-to/read-a-leaderboard.md"),
    ("docs/how-to/add-a-kind.md", "docs/how-to/add-an-executor.md"),
    ("docs/how-to/publish.md", "docs/how-to/reproduce-a-row.md", "docs/reference/api.md"),
    ("docs/how-to/from-lm-eval.md", "docs/how-to/shared-storage.md", "docs/how-to/gpus.md"),
)
# tests/cluster/test_how_to.py carries these out on a real Slurm and Ray.
_CLUSTER = ("docs/how-to/ray.md", "docs/how-to/slurm.md")
_PROGRAMS = {"make", "pip", "python", "sbatch", "source", "xstilts"}
_OF_A_CHECKOUT = ("make", "source")


def test_every_page_with_commands_is_walked_here_or_on_a_cluster() -> None:
    with_commands = {page for page in page_names() if any(commands(page))}
    assert with_commands <= {*(page for walk in _WALKS for page in walk), *_CLUSTER}
    assert {command.split()[0] for page in with_commands for command in commands(page)} <= _PROGRAMS


@pytest.mark.parametrize("page", page_names())
def test_every_command_has_options_that_exist(page: str) -> None:
    for command in commands(page):
        words = shlex.split(command.split(" > ")[0])
        match words[0]:
            case "xstilts":
                _parse(words[1:])
            case "make":
                done = subprocess.run([*words, "-n"], cwd=ROOT, capture_output=True, text=True, check=False)
                assert done.returncode == 0, done.stderr
            case "pip":
                project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
                for extras in re.findall(r"\[([a-z,]+)\]", command):
                    assert set(extras.split(",")) <= set(project["optional-dependencies"])


def _parse(words: list[str]) -> None:
    """Read a command line without carrying it out; what it names need not be there."""
    context = click.Context(cli, info_name="xstilts")
    command = cli.get_command(context, words[0])
    assert command is not None, words
    rest = words[1:]
    if isinstance(command, click.Group) and words[0] != "lm-eval":
        context = click.Context(command, parent=context)
        command, rest = command.get_command(context, rest[0]), rest[1:]
        assert command is not None, words
    if words[0] != "lm-eval":
        command.make_parser(click.Context(command, parent=context)).parse_args(list(rest))


@pytest.mark.parametrize("page", page_names())
def test_every_file_on_a_page_is_what_its_language_says(page: str, tmp_path: Path) -> None:
    for block in blocks(page):
        match block.language:
            case "yaml":
                assert isinstance(yaml.safe_load(block.text), dict)
            case "toml":
                tomllib.loads(block.text)
            case "json" if block.title == "reported.json":
                assert len(read_reported(write_block(block, tmp_path), ("xnli", "pawsx"))) == 3
            case "json":
                json.loads(block.text)
            case "python":
                compile(block.text, page, "exec")
            case "sh" | "text":
                pass
            case other:
                raise AssertionError(f"{page}: {other}: no test knows what is to be true of this language")
    if page != "README.md" and page.startswith("docs/how-to"):
        _check_yaml([block for block in blocks(page) if block.language == "yaml" and block.title], tmp_path)


def _check_yaml(files: list[Block], folder: Path) -> None:
    """Check sequence files with what they are shown to say as well."""
    for block in files:
        base = folder / block.title.removesuffix(OTHER_KEYS)
        if block.title.endswith(OTHER_KEYS) and base.is_file() and base.name == "my-order.yaml":
            kept = base.read_text()
            check_files([str(write_block(block, folder))])
            base.write_text(kept)
        elif not block.title.endswith(OTHER_KEYS):
            path = write_block(block, folder)
            if block.title == "my-order.yaml":
                check_files([str(path)])


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the trial was run with which most pages begin: theirs find their stages there."""
    folder = tmp_path_factory.mktemp("trial")
    carry_out(shlex.split(_TRIAL), folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("walk", _WALKS, ids=lambda walk: walk[0].removesuffix(".md").rsplit("/", 1)[-1])
def test_what_pages_say_works_in_the_order_in_which_they_say_it(
    walk: tuple[str, ...], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if any(set(shlex.split(_TRIAL)) <= set(command.split()) for page in walk for command in commands(page)):
        trial = request.getfixturevalue("trial")
        shutil.copytree(trial, tmp_path, copy_function=os.link, dirs_exist_ok=True)
    _prepare(walk, tmp_path)
    for page in walk:
        for block in blocks(page):
            _carry_out_block(page, block, tmp_path)


def _carry_out_block(page: str, block: Block, folder: Path) -> None:
    if block.language == "text" or block.title.endswith(PART) or page == "docs/reference/models.md":
        return
    if block.title and not (block.title.endswith(OTHER_KEYS) and block.title.startswith("my-order")):
        if not (page == "README.md" and block.title == "my-order.yaml"):
            write_block(block, folder)
        return
    if block.language == "python":
        script = folder / "block.py"
        script.write_text(
            f"if __name__ == '__main__':\n    {block.text.replace(chr(10), chr(10) + '    ')}\n"
        )
        carry_out(["python", str(script)], folder)
    for command in block.commands:
        instead = _INSTEAD.get(command, command)
        if instead is not None and not command.startswith(_OF_A_CHECKOUT):
            carry_out(shlex.split(instead), folder)


def _prepare(walk: tuple[str, ...], folder: Path) -> None:
    """Put into a folder what the reader of a page has already."""
    if walk[0] == "README.md":
        _make_readme_experiment(folder)
    if "docs/how-to/read-a-leaderboard.md" in walk:
        (folder / "leaderboards").mkdir()
        for ending in ("json", "md", "predictions.parquet"):
            name = f"quickstart.{ending}"
            (folder / "leaderboards" / name).write_bytes((ROOT / "leaderboards" / name).read_bytes())
    if "docs/how-to/add-an-executor.md" in walk:  # something is left for its executor to do
        shutil.rmtree(next((folder / _STORE / "evaluations").iterdir()))
    if "docs/how-to/from-lm-eval.md" in walk:
        (folder / _STORE).rename(folder / "store")
        shown = carry_out(
            ["xstilts", "show", "quickstart-trial-16", "--row", "1", "--store", "store"], folder
        )
        (found,) = re.findall(r"\S*stages/[0-9a-f]{32}", shown.stdout)[-1:]
        (folder / "CHECKPOINT").symlink_to((folder / found).resolve() / "classifier")


def _make_readme_experiment(folder: Path) -> None:
    """The README's sequence file on a tiny model, with its data in `DATA/`."""
    make_experiment(folder)
    (block,) = [block for block in blocks("README.md") if block.title == "my-order.yaml"]
    changed = block.text.replace("FacebookAI/xlm-roberta-base", f"{folder}/model")
    changed = changed.replace("[xtreme_xnli]", "[xtreme_xnli_en, xtreme_xnli_de, xtreme_xnli_sw]")
    changed = changed.replace("batch_size: 32", "batch_size: 32\n  max_length: 32")
    assert changed.count("max_length") == 1 and "xlm-roberta" not in changed
    (folder / "my-order.yaml").write_text(changed)
    glue = folder / "data" / "glue"
    rte = (glue / "rte" / "train.tsv").read_text()
    renamed = rte.replace("sentence1", "question", 1).replace("sentence2", "sentence", 1)
    rows = [line.split("\t") for line in rte.splitlines()[1:]]
    cola = [f"gj04\t{int(label == 'entailment')}\t\t{text}" for _, text, _, label in rows]
    for task, text in (("qnli", renamed), ("cola", "\n".join(cola) + "\n")):
        (glue / task).mkdir()
        (glue / task / "train.tsv").write_text(text)
    (folder / "data").rename(folder / "DATA")
