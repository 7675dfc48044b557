"""`xstilts list`: what sequence files can name."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.config.catalogue import Catalogue

Rows = Iterator[Sequence[str]]


@click.command("list")
@click.argument(
    "what", type=click.Choice(["tasks", "sequences", "models", "deepspeed", "evaluation", "executors"])
)
def command(what: str) -> None:
    """List tasks, sequences, model families, DeepSpeed files, evaluation tasks or executors that are known.

    Models of other architectures are tried by `xstilts doctor MODEL`.

    "user" marks what lies in the user's own folder (XSTILTS_HOME, else ~/.config/xstilts).
    """
    from tabulate import tabulate

    from harness.config.catalogue import Catalogue

    headers, rows = _TABLES[what]
    catalogue = Catalogue.load()
    # disable_numparse: names such as 1e5 stay as they are.
    click.echo(tabulate(list(rows(catalogue)), headers, tablefmt="simple", disable_numparse=True))
    for problem in catalogue.problems:
        click.echo(f"warning: {problem}", err=True)


def _tasks(catalogue: "Catalogue") -> Rows:
    from harness.kinds.registry import kind_of

    for name, task in sorted(catalogue.training_tasks.items()):
        if not kind_of(task).is_trained:
            continue  # a corpus that is also a target
        rows = f"{task.expected_rows:,}" if task.expected_rows else ""
        sources = [kind for kind in ("folder", "hub", "embedded") if getattr(task.sources, kind)]
        source = _source(catalogue.training_task_files[name])
        yield (
            name,
            task.title,
            task.kind,
            str(len(task.labels) or ""),
            rows,
            ", ".join(sources),
            ", ".join(task.scored_by),
            source,
        )


def _sequences(catalogue: "Catalogue") -> Rows:
    from harness.config.load import load_sequences
    from harness.config.problem import SpecError
    from harness.planning.orders import plan_size

    for name, path in catalogue.sequence_files.items():
        try:
            (loaded,) = load_sequences([path], catalogue)
        except SpecError as error:
            about = [f"{len(error.problems)} problems: xstilts validate {name}", "", "", ""]
        else:
            spec, size = loaded.spec, plan_size(loaded.spec, len(loaded.untrained))
            about = [spec.title or spec.question or "", spec.model, str(size.sequences), str(size.stages)]
        yield name, *about, _source(path)


def _models(catalogue: "Catalogue") -> Rows:
    from harness.models.families import FAMILIES

    for family in FAMILIES.values():
        yield family.model_type, family.models, family.structure, ", ".join(family.kinds)


def _deepspeed(catalogue: "Catalogue") -> Rows:
    from harness.config.deepspeed_file import read_deepspeed

    for name, path in catalogue.deepspeed_files.items():
        file = read_deepspeed(path, name)
        yield name, str(file.zero_stage), "yes" if file.offloads else "no", _source(path)


def _evaluation(catalogue: "Catalogue") -> Rows:
    for name in catalogue.evaluation_names:
        leaves = catalogue.leaves(name)
        kind = "group" if name in catalogue.evaluation.groups else "task"
        languages = ", ".join(dict.fromkeys(leaf.language for leaf in leaves))
        yield name, kind, ", ".join(dict.fromkeys(leaf.corpus.name for leaf in leaves)), languages


def _executors(catalogue: "Catalogue") -> Rows:
    from harness.config.executor_profile import executor_profiles
    from harness.config.problem import SpecError
    from harness.execution.executors.registry import read_profile

    for name, path in executor_profiles().items():
        try:
            profile = read_profile(name)
        except SpecError as error:
            yield name, "", f"{len(error.problems)} problems: xstilts validate {name}", _source(path)
        else:
            yield name, profile.executor, profile.title or "", _source(path)


def _source(path: Path) -> str:
    from harness.resources import user_folder

    return "user" if path.is_relative_to(user_folder()) else "shipped"


_TABLES: dict[str, tuple[list[str], Callable[["Catalogue"], Rows]]] = {
    "tasks": (["task", "title", "kind", "labels", "rows", "sources", "scored by", "from"], _tasks),
    "sequences": (["sequence", "title", "model", "sequences", "stages", "from"], _sequences),
    "models": (["model_type", "models", "structure", "kinds of task"], _models),
    "deepspeed": (["name", "ZeRO", "offload", "from"], _deepspeed),
    "evaluation": (["name", "kind", "corpus", "languages"], _evaluation),
    "executors": (["profile", "executor", "title", "from"], _executors),
}
