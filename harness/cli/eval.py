"""`xstilts eval`: score a checkpoint on evaluation tasks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.api.evaluation import evaluate
from harness.cli.file_argument import FileOrName, FilePath
from harness.cli.options import data_option
from harness.config.hyperparameters import Precision
from harness.errors import UserError
from harness.message_text import names_in_short

if TYPE_CHECKING:
    from harness.evaluation.job import EvaluationProgress, TaskScore


class ResultsThereError(UserError):
    """The output folder holds results already."""


class StageDoesNotFitError(UserError):
    """The checkpoint is a stage of a store that was trained on other tasks than it is to be scored on."""


@click.command("eval")
@click.argument("checkpoint", type=FileOrName())
@click.option(
    "--tasks", required=True, help="Groups or tasks, separated by commas; e.g. xtreme_xnli,mini_nli_de."
)
@click.option(
    "--output", required=True, type=FilePath(path_type=Path, file_okay=False), help="Folder for the results."
)
@data_option
@click.option(
    "--split",
    type=click.Choice(["test", "validation"]),
    default="test",
    show_default=True,
    help="Which rows are scored.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many items of each task.")
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="Documents of full length per forward pass; of short ones it takes more.",
)
@click.option(
    "--precision",
    type=click.Choice([str(precision) for precision in Precision]),
    default="fp32",
    show_default=True,
    help="Precision of the forward passes.",
)
@click.option("--labels", help="What the head's outputs (or label words) mean, in order; by commas.")
@click.option(
    "--include-path",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of corpora and evaluation tasks, besides the shipped and the user's own.",
)
@click.option("--replace", is_flag=True, help="Write also over results that are in the output folder.")
@click.option("--revision", default="main", show_default=True, help="Branch, tag or commit of a hub model.")
@click.option("--trust-remote-code", is_flag=True, help="Run code that comes with the checkpoint.")
def command(
    checkpoint: str,
    tasks: str,
    output: Path,
    data_dirs: tuple[Path, ...],
    split: str,
    limit: int | None,
    batch_size: int,
    precision: str,
    labels: str | None,
    include_path: tuple[Path, ...],
    replace: bool,
    revision: str,
    trust_remote_code: bool,
) -> None:
    """Score CHECKPOINT: a Hugging Face folder with a head, a finished stage's folder, or a hub id.

    Text-to-text models (mT5, umT5, byT5) must come from a stage of xstilts, which says how inputs and label
    words were written; each label's score is the likelihood of its words and the end of the sequence.
    Choices are matched with the checkpoint's labels by name. Leaves results.json, in lm-eval's format, and
    predictions.parquet in the output folder.
    """
    if not replace and (output / "results.json").exists():
        raise ResultsThereError(
            f"--output: {output} holds results already; name another folder, or write over them by --replace"
        )
    try:
        with _progress() as report:
            result = evaluate(
                checkpoint,
                tasks,
                output=output,
                data_dir=data_dirs,
                split=split,
                limit=limit,
                batch_size=batch_size,
                precision=precision,
                labels=labels,
                include_path=include_path,
                revision=revision,
                trust_remote_code=trust_remote_code,
                report=report,
            )
    except UserError as error:
        if (remark := _stage_remark(checkpoint)) is None:
            raise
        raise StageDoesNotFitError(f"{error}\n{remark}") from error
    if result is not None:
        click.echo(_table(result.scores))
        rate = f"{result.items_per_second:.0f} items/s, {result.precision}, {result.device}"
        click.echo(f"\n{output / 'results.json'}  ({rate}, lm-eval {result.lm_eval_version})")


def _stage_remark(checkpoint: str) -> str | None:
    """Say of a folder in or of a finished stage which stage that is, and where target stages are listed."""
    from harness.named_path import user_path
    from harness.training.manifest import StageManifest

    folder = user_path(checkpoint)
    for place in (folder, folder.parent, folder.parent.parent):
        try:
            manifest = StageManifest.model_validate_json((place / "manifest.json").read_bytes())
        except (OSError, ValueError):
            continue
        trained = "; ".join(
            member.name + (f" (labels {names_in_short(member.labels)})" if member.labels else "")
            for member in manifest.result.members
        )
        return (
            f"This folder is of the stage {' → '.join(manifest.path)}, seed {manifest.seed}, whose head was "
            f"trained on {trained}. `xstilts show NAME` lists the rows of a leaderboard and, with --row, the "
            "checkpoints of their target stages, which can be scored on the target's tasks."
        )
    return None


@contextmanager
def _progress() -> "Iterator[Callable[[EvaluationProgress], None]]":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.0f} items/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        scoring = bar.add_task("scoring", total=None, rate=0.0)

        def show(progress: "EvaluationProgress") -> None:
            bar.update(scoring, completed=progress.done, total=progress.total, rate=progress.items_per_second)

        yield show


def _table(scores: "tuple[TaskScore, ...]") -> str:
    """Return the scores by corpus and metric, per language, then the averages over languages."""
    from tabulate import tabulate

    from harness.metrics.registry import metric

    rows: list[list[str | int]] = []
    for corpus in dict.fromkeys(score.corpus for score in scores):
        every = [score for score in scores if score.corpus == corpus]
        for name in every[0].scores:
            title, factor = metric(name).title, 100 if metric(name).unit == "%" else 1
            for score in every:
                stderr = score.stderr if name == score.metric else None
                error = "" if stderr is None else f"± {factor * stderr:.2f}"
                value = f"{factor * score.scores[name]:.2f}"
                rows.append([corpus, score.language, title, value, error, score.items])
            others = [score for score in every if score.language != "en"]
            for label, averaged in (("average", every), ("non-English average", others)):
                if len(every) > 1 and averaged:
                    mean = factor * sum(score.scores[name] for score in averaged) / len(averaged)
                    items = sum(score.items for score in averaged)
                    rows.append([corpus, label, title, f"{mean:.2f}", "", items])
    headers = ["corpus", "language", "metric", "score", "stderr", "items"]
    return tabulate(
        rows, headers, tablefmt="github", disable_numparse=True, colalign=["left"] * 3 + ["right"] * 3
    )
