"""`xstilts show`: the way from a leaderboard's row to its checkpoints, curves, logs and settings."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.file_argument import FileOrName, FilePath
from harness.cli.options import named_leaderboards_option, store_option
from harness.errors import UserError
from harness.message_text import printable

if TYPE_CHECKING:
    from harness.report.publication import Publication
    from harness.results.board import BoardRow, SeedResult
    from harness.store.store import Store
    from harness.training.manifest import StageManifest

_HOUR = 3600


class NoRowError(UserError):
    """The leaderboard has no such row or seed."""


@click.command("show")
@click.argument("file", type=FileOrName())
@click.option("--row", "number", type=click.IntRange(1), help="Row of the table, from 1 at its top.")
@click.option("--target", help="The table, where there are several targets. [default: the first]")
@click.option("--seed", type=int, help="One seed alone.")
@click.option(
    "--curves",
    type=FilePath(path_type=Path, file_okay=False),
    help="Write the training curve of each stage shown to this folder, as PNG and CSV.",
)
@store_option
@named_leaderboards_option
def command(
    file: str,
    number: int | None,
    target: str | None,
    seed: int | None,
    curves: Path | None,
    store: Path,
    leaderboards: Path,
) -> None:
    """Show the rows of the leaderboard FILE (its page or JSON file, or a sequence's name).

    With --row each stage of a row: the folder of its checkpoint, its settings, log, curve, digest and cost.
    """
    from harness.report.analyses import find_publication
    from harness.store.store import Store

    publication = find_publication(file, leaderboards)
    table = _table(publication, target)
    if number is None:
        click.echo(_overview(publication, table))
        return
    if number > len(table):
        raise NoRowError(f"{file}: there are rows 1 to {len(table)}, no row {number}")
    row = table[number - 1]
    shown = [result for result in row.seeds if result.stage_digest and seed in (None, result.seed)]
    if not shown:
        known = ", ".join(str(result.seed) for result in row.seeds if result.stage_digest) or "none"
        raise NoRowError(f"{file}: {row.sequence}: not finished with this seed; finished are: {known}")
    opened = Store.existing(store)
    for result in shown:
        click.echo(printable("\n".join(_stages(row, result, opened, curves))))


def _table(publication: "Publication", target: str | None) -> "list[BoardRow]":
    """Return the rows of a target as the page orders them."""
    from harness.report.sections.scores.section import SCORES

    board = publication.board
    name = board.targets[0] if target is None else target
    scores = publication.of(SCORES, name) if name in board.targets else None
    if scores is None:
        raise NoRowError(f"{board.name}: no target {name}; there are {', '.join(board.targets)}")
    rows = {row.sequence: row for row in board.rows}
    return [rows[row.sequence] for row in scores.rows]


def _overview(publication: "Publication", table: "list[BoardRow]") -> str:
    from tabulate import tabulate

    board = publication.board
    lines = [
        [str(number), row.sequence, *(_state(row.seed(seed)) for seed in board.seeds)]
        for number, row in enumerate(table, 1)
    ]
    headers = ["row", "sequence", *(f"seed {seed}" for seed in board.seeds)]
    said = board.trained_and_scored(table[0].target) if table else ""
    return printable(
        f"{board.title}\n{said}\n\n{tabulate(lines, headers, disable_numparse=True)}\n\n"
        f"xstilts show {board.name} --row K: checkpoints, curves, logs and settings of a row"
    )


def _state(result: "SeedResult | None") -> str:
    return "not run" if result is None else result.status


def _stages(row: "BoardRow", result: "SeedResult", store: "Store", curves: Path | None) -> Iterator[str]:
    from harness.execution.attempt_journal import step_logs
    from harness.training.manifest import STAGES

    yield f"{row.sequence}, seed {result.seed}"
    digests = [place.split("/")[1] for place in result.manifests if place.startswith(f"{STAGES.folder}/")]
    logs = step_logs(store.layout, [*digests, result.evaluation_digest or ""])
    for digest in digests:
        manifest = store.get(STAGES, digest)
        if manifest is None:
            yield f"  {digest}: not in the store {store.layout.root}; name another by --store"
            continue
        yield from _stage(manifest, store.path(STAGES, digest), curves)
        yield _log(logs.get(digest))
    if result.evaluation_digest:
        yield f"  evaluation: {store.layout.root / 'evaluations' / result.evaluation_digest}"
        yield "    scores in results.json, every item in predictions.parquet"
        yield _log(logs.get(result.evaluation_digest))


def _log(log: Path | None) -> str:
    return (
        f"    log: {log}" if log else "    log: not in this store; xstilts store gc --logs removes old ones"
    )


def _stage(manifest: "StageManifest", folder: Path, curves: Path | None) -> Iterator[str]:
    made, own = manifest.result, manifest.hyperparameters
    bytes_held = sum(record.bytes for record in manifest.files.values())
    yield f"  {' → '.join(manifest.path)}"
    for member in made.members:
        labels = f", labels {', '.join(member.labels)}" if 0 < len(member.labels) <= 10 else ""
        yield f"    checkpoint with the head of {member.name}: {folder / member.folder}{labels}"
        yield f"    trained on {member.rows:,} of {member.data.rows:,} rows ({member.data.source})"
    yield f"    encoder that the next stage starts from: {folder / 'encoder'}"
    yield (
        f"    learning rate {own.learning_rate:g} ({own.schedule}), {made.steps:,} steps, batch size "
        f"{own.batch_size}, {own.precision}, max. length {own.max_length}; all settings: "
        f"{folder / 'manifest.json'}"
    )
    yield (
        f"    {made.seconds / _HOUR * made.world_size:.3g} device-hours on {made.hardware}; {made.tokens:,} "
        f"tokens; peak memory {made.peak_memory_bytes / 2**30:.1f} GiB; {bytes_held / 1e6:,.0f} MB"
    )
    yield (
        f"    loss {made.loss_curve[0].loss:.3f} to {made.final_loss:.3f}; every step: "
        f"{folder / 'training_log.jsonl'}"
    )
    if stop := made.early_stop:
        yield (
            f"    early stopping by held-out {stop.metric}: stopped at step {stop.stopped_at:,} of "
            f"{stop.planned_steps:,}, weights of step {stop.best_step:,}"
        )
    if curves is not None:
        yield f"    curve: {', '.join(map(str, _write_curve(manifest, curves)))}"
    yield f"    digest {manifest.digest}"


def _write_curve(manifest: "StageManifest", folder: Path) -> tuple[Path, Path]:
    """Write the loss of a stage over its steps as CSV and PNG."""
    import matplotlib.figure

    folder.mkdir(parents=True, exist_ok=True)
    points = manifest.result.loss_curve
    table = folder / f"{'-'.join(manifest.path)}-{manifest.digest[:12]}.csv".replace(" ", "-")
    table.write_text("step,loss\n" + "".join(f"{point.step},{point.loss:.6f}\n" for point in points))
    figure = matplotlib.figure.Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([point.step for point in points], [point.loss for point in points])
    axes.set(xlabel="step", ylabel="training loss", title=" → ".join(manifest.path))
    picture = table.with_suffix(".png")
    figure.savefig(picture, dpi=150)
    return table, picture
