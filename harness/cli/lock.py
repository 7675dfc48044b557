"""`xstilts lock`: write down the model and the data that a sequence file really uses."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.file_argument import FileOrName
from harness.cli.options import data_option
from harness.cli.sequence_argument import load_sequence

if TYPE_CHECKING:
    from harness.data.lock import Lock


@click.command("lock")
@click.argument("file", type=FileOrName())
@data_option
def command(file: str, data_dirs: tuple[Path, ...]) -> None:
    """Write NAME.lock.json beside FILE (a path or the name of a known sequence).

    It holds the commit of every hub repository, the fingerprints of the model and of all rows, and a digest
    of the declared analysis (contrasts, margin, sharing). Later runs of FILE refuse what has changed since;
    locking again accepts the change.
    """
    from harness.data.location import data_folders
    from harness.data.lock import Lock, LockedModel, LockedRows, write_lock
    from harness.data.locked_rows import all_rows
    from harness.models.references import resolve_model
    from harness.planning.content import few_shot_tasks
    from harness.resolved_plan import model_ref

    loaded = load_sequence(file)
    spec, folders = loaded.spec, loaded.data_folders(data_folders(data_dirs))
    model = resolve_model(model_ref(spec), loaded.path.parent)
    training, evaluation = all_rows(loaded.tasks | few_shot_tasks(loaded), loaded, folders)
    lock = Lock(
        sequence=spec.name,
        model=LockedModel(name=model.name, revision=model.revision, fingerprint=model.fingerprint),
        training={name: LockedRows.of(rows) for name, rows in training.items()},
        evaluation={name: LockedRows.of(rows) for name, rows in evaluation.items()},
        analysis=spec.analysis_digest,
    )
    warnings = [warning for rows in training.values() for warning in rows.warnings]
    warnings += [warning for rows in evaluation.values() for warning in rows.warnings]
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    path = write_lock(loaded.path, lock)
    click.echo(_table(lock))
    click.echo(f"\n{path}")


def _table(lock: "Lock") -> str:
    from tabulate import tabulate

    model = lock.model
    lines = [["model", model.name, "", "", (model.revision or "")[:12], model.fingerprint[:12]]]
    for role, entries in (("training", lock.training), ("evaluation", lock.evaluation)):
        for name, rows in entries.items():
            lines.append(
                [role, name, f"{rows.rows:,}", rows.source, (rows.revision or "")[:12], rows.fingerprint[:12]]
            )
    return tabulate(
        lines,
        ["role", "name", "rows", "source", "revision", "sha256"],
        tablefmt="github",
        disable_numparse=True,
        colalign=("left", "left", "right", "left", "left", "left"),
    )
