"""`xstilts run`: from a sequence file to its leaderboard."""

from pathlib import Path

import click

from harness.cli.options import run_options


@click.command("run")
@click.argument("file")
@run_options
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Stages trained at the same time. [default: as suits the machine]",
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Training processes, one a device.",
)
@click.option(
    "--stall-minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="End a worker that neither reports nor computes for so long.",
)
def command(
    file: str,
    store: Path,
    data_dir: Path | None,
    leaderboards: Path,
    limit: int | None,
    seeds: tuple[int, ...] | None,
    deepspeed: str | None,
    reported: Path | None,
    workers: int | None,
    processes: int,
    stall_minutes: float,
) -> None:
    """Train and score what is missing of FILE (a path or the name of a known sequence), and publish.

    Stages that are already in the store are reused. A stopped run goes on where it was. Exit code 1
    when a stage failed; the leaderboard then lists it.
    """
    from rich.console import Console

    from harness.data.location import data_folder
    from harness.execution.options import RunOptions
    from harness.execution.run import run
    from harness.leaderboard.terminal import render_terminal
    from harness.spec.catalogue import find_sequence
    from harness.spec.deepspeed_file import find_deepspeed
    from harness.spec.load import load_sequences

    (loaded,) = load_sequences([find_sequence(file)])
    options = RunOptions(
        store=store,
        leaderboards=leaderboards,
        data_dir=data_folder(data_dir),
        limit=limit,
        seeds=seeds,
        deepspeed=find_deepspeed(deepspeed) if deepspeed else None,
        workers=workers,
        processes=processes,
        stall_minutes=stall_minutes,
        reported=reported,
    )
    console = Console()
    report = run(loaded, options, console)
    click.echo(
        f"\n{render_terminal(report.published.publication)}\n\nLeaderboard: {report.published.markdown}"
    )
    if report.outcome.failures:
        raise click.exceptions.Exit(1)
