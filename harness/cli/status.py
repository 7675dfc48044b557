"""`xstilts status`: what runs where."""

import time
from pathlib import Path

import click

from harness.cli.options import store_option
from harness.execution.attempt_journal import AttemptRecord
from harness.execution.run_status import RunStatus, Steps, StepStatus, held_locks, run_statuses
from harness.message_text import duration
from harness.store.layout import Layout


@click.command("status")
@store_option
def command(store: Path) -> None:
    """Say what runs where: the runs that share a store, their steps, and what waits.

    Reads the store alone, so that any shell that sees it can ask.
    """
    layout = Layout(store)
    if layout.marker.exists():
        layout.require_format()
    runs = list(run_statuses(layout))
    for run, steps in runs:
        _show(run, steps, layout)
    known = {record.digest for _, steps in runs for record, _ in steps}
    others = list(held_locks(layout, known))
    if others:
        click.echo("made by other processes:")
    for digest, owner, seconds in others:
        click.echo(f"  {digest[:12]}  {owner}, for {duration(seconds)}")
    if not runs and not others:
        click.echo(f"nothing runs in {store}")


def _show(run: RunStatus, steps: Steps, layout: Layout) -> None:
    click.echo(
        f"{run.sequence}: run {run.run}, executor {run.executor}, on {run.host}, process {run.pid}, "
        f"for {duration(time.time() - run.began)}"
    )
    if run.leaves:
        click.echo(f"  the run has ended; {run.leaves}")
    queued = sum(step.started is None for _, step in steps)
    click.echo(
        f"  {run.finished} finished, {run.failed} failed, {len(steps) - queued} running, {queued} queued, "
        f"{run.waiting} waiting"
    )
    for record, step in sorted(steps, key=lambda one: one[1].started is None):
        click.echo(_line(record, step, layout.runs))


def _line(record: AttemptRecord, step: StepStatus, runs: Path) -> str:
    state = "queued" if step.started is None else "running"
    log = f"log: {runs / record.log}" if record.log else ""
    told = "".join(f"  {part}" for part in (step.where, step.progress, log) if part)
    return f"  {state:<8}{record.label}  {duration(time.time() - (step.started or record.submitted))}{told}"
