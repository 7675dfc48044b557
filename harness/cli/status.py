"""`xstilts status`: what runs where."""

import time
from pathlib import Path

import click

from harness.cli.options import store_option
from harness.execution.run_status import RunStatus, StepStatus, held_locks, run_statuses
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
    for run in runs:
        _show(run)
    known = {step.digest for run in runs for step in run.steps}
    others = list(held_locks(layout, known))
    if others:
        click.echo("made by other processes:")
    for digest, owner, seconds in others:
        click.echo(f"  {digest[:12]}  {owner}, for {_ago(seconds)}")
    if not runs and not others:
        click.echo(f"nothing runs in {store}")


def _show(run: RunStatus) -> None:
    click.echo(
        f"{run.sequence}: run {run.run}, executor {run.executor}, on {run.host}, process {run.pid}, "
        f"for {_ago(time.time() - run.began)}"
    )
    if run.leaves:
        click.echo(f"  the run has ended; {run.leaves}")
    running = [step for step in run.steps if step.started is not None]
    queued = [step for step in run.steps if step.started is None]
    click.echo(
        f"  {run.finished} finished, {run.failed} failed, {len(running)} running, {len(queued)} queued, "
        f"{run.waiting} waiting"
    )
    for step in running:
        click.echo(_line("running", step, step.started or step.submitted))
    for step in queued:
        click.echo(_line("queued", step, step.submitted))


def _line(state: str, step: StepStatus, since: float) -> str:
    told = [part for part in (step.where, step.progress, step.log and f"log: {step.log}") if part]
    return f"  {state:<8}{step.label}  {_ago(time.time() - since)}{''.join(f'  {part}' for part in told)}"


def _ago(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
