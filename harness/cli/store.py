"""`xstilts store`: look at, repair and tidy a store of finished stages and evaluations."""

import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import store_option
from harness.message_text import how_many, names_in_short

if TYPE_CHECKING:
    from harness.store.check import DamagedEntry, Repaired
    from harness.store.store import Store

_DAY = 86_400
_MOST_DAYS = 100_000


@click.group("store")
def command() -> None:
    """Check, repair, tidy and measure a store of finished stages and evaluations."""


@command.command("check")
@store_option
def check(store: Path) -> None:
    """Read every file of every entry and compare it with the checksums in the manifests.

    Names each file that is missing, truncated, changed, or that does not belong there. Exit code 1 when
    there is one. Changes nothing.
    """
    from harness.execution.steps.base import ENTRY_KINDS
    from harness.store.check import DamagedEntry, damaged_tensors
    from harness.store.check import check as check_entries
    from harness.store.integrity import Checksums
    from harness.store.store import Store

    opened, checksums = Store.existing(store), Checksums()
    valid, faults = Counter[str](), 0
    for found in check_entries(opened, [*ENTRY_KINDS.values()], checksums):
        if isinstance(found, DamagedEntry):
            click.echo(_words(found))
            faults += 1
        else:
            valid[found[0]] += 1
    for fault in damaged_tensors(opened, checksums):
        click.echo(str(fault))
        faults += 1
    click.echo(
        f"{opened.layout.root}: {valid['stages']} stages and {valid['evaluations']} evaluations are as they "
        f"were written; damaged: {faults or 'nothing'}"
    )
    if gone := _parents_gone(opened):
        click.echo(
            f"{how_many(len(gone), 'stage')} from which others were trained are not there: "
            f"{names_in_short(gone)}; a run that needs one trains it again"
        )
    if faults:
        raise click.exceptions.Exit(1)


def _parents_gone(store: "Store") -> list[str]:
    """Return the digests of the stages that others were trained from and that the store holds no more."""
    from harness.store.integrity import DamagedEntryError
    from harness.training.manifest import STAGES

    there, parents = store.digests(STAGES), dict[str, None]()
    for digest in there:
        with suppress(DamagedEntryError):
            manifest = store.get(STAGES, digest)
            parents |= {manifest.parent: None} if manifest and manifest.parent else {}
    return [parent for parent in parents if parent not in {*there}]


@command.command("repair")
@store_option
def repair(store: Path) -> None:
    """Take damaged files from valid copies of the same content, and quarantine what has none.

    What is quarantined lies in STORE/quarantine and is recomputed by the next run that needs it. May be done
    while runs work on the store. Exit code 1 when a damaged entry is in use.
    """
    from harness.execution.steps.base import ENTRY_KINDS
    from harness.store.check import DamagedEntry, remove_damaged_tensors
    from harness.store.check import check as check_entries
    from harness.store.check import repair as repair_entry
    from harness.store.integrity import Checksums
    from harness.store.store import Store

    opened, checksums, busy, damaged = Store.existing(store), Checksums(), False, 0
    opened.require_writable()
    for found in check_entries(opened, [*ENTRY_KINDS.values()], checksums):
        if isinstance(found, DamagedEntry):
            damaged += 1
            click.echo(_words(found))
            done = repair_entry(opened, found, checksums)
            click.echo(f"    {_outcome(done)}")
            busy = busy or done.busy
    for path in remove_damaged_tensors(opened):
        damaged += 1
        click.echo(f"{path}: changed; removed")
    if not damaged:
        click.echo(f"{opened.layout.root}: nothing is damaged")
    if busy:
        raise click.exceptions.Exit(1)


@command.command("gc")
@store_option
@click.option(
    "--unfinished",
    is_flag=True,
    help="Also what stages and evaluations left that were begun and that nobody makes now.",
)
@click.option(
    "--logs", type=click.IntRange(0, _MOST_DAYS), help="Also logs of runs that wrote nothing for N days."
)
@click.option(
    "--target-weights",
    is_flag=True,
    help="Also weights of evaluated stages from which no other stage starts.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and keep it.")
def gc(store: Path, unfinished: bool, logs: int | None, target_weights: bool, dry_run: bool) -> None:
    """Remove what no run needs: quarantined entries, and weight files of no entry.

    Finished stages and evaluations are never removed. May be done while runs work on the store. Stages whose
    weights are gone count as finished; what needs the weights later trains them again.
    """
    from harness.execution.steps.base import ENTRY_KINDS
    from harness.execution.target_weights import unneeded_weights
    from harness.store.discard import discard_weights, weights_bytes
    from harness.store.space import garbage, remove
    from harness.store.store import Store
    from harness.training.manifest import STAGES

    opened, freed = Store.existing(store), 0
    if not dry_run:
        opened.require_writable()
    before = None if logs is None else time.time() - logs * _DAY
    for item in garbage(opened, [*ENTRY_KINDS.values()], unfinished=unfinished, logs_before=before):
        gone = dry_run or remove(opened, item)
        freed += item.bytes if gone else 0
        click.echo(f"{item.path}: {item.reason}, {_bytes(item.bytes)}{'' if gone else '; in use, kept'}")
    for digest in unneeded_weights(opened) if target_weights else ():
        weights = (
            weights_bytes(opened, STAGES, digest) if dry_run else discard_weights(opened, STAGES, digest)
        )
        freed += weights
        click.echo(f"{opened.path(STAGES, digest)}: weights of an evaluated target, {_bytes(weights)}")
    click.echo(f"{_bytes(freed)} {'would be ' if dry_run else ''}freed")


@command.command("size")
@store_option
def size(store: Path) -> None:
    """Say what the parts of a store take; weights that stages share are counted once."""
    from tabulate import tabulate

    from harness.execution.steps.base import ENTRY_KINDS
    from harness.store.space import sizes
    from harness.store.store import Store

    parts = sizes(Store.existing(store), [*ENTRY_KINDS.values()])
    rows = [[part.name, f"{part.entries:,}", _bytes(part.apparent), _bytes(part.on_disk)] for part in parts]
    totals = (sum(part.apparent for part in parts), sum(part.on_disk for part in parts))
    rows.append(["all", "", *map(_bytes, totals)])
    headers = ["part", "entries", "sum of files", "on disk"]
    click.echo(tabulate(rows, headers, colalign=("left", "right", "right", "right"), disable_numparse=True))


def _words(entry: "DamagedEntry") -> str:
    return "\n".join(str(fault) for fault in entry.faults)


def _outcome(done: "Repaired") -> str:
    if done.busy:
        return "another process is making it; try again later"
    if done.quarantined is not None:
        return f"quarantined: {done.quarantined}"
    return f"restored {len(done.restored)} {'file' if len(done.restored) == 1 else 'files'} from valid copies"


def _bytes(count: int) -> str:
    value, units = float(count), ["kB", "MB", "GB"]
    if value < 1000:
        return f"{count} B"
    while (value := value / 1000) >= 1000 and len(units) > 1:
        units.pop(0)
    return f"{value:,.1f} {units[0]}"
