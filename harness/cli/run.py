"""`xstilts run`: from a sequence file to its leaderboard."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from harness.cli.file_argument import FileOrName
from harness.cli.options import run_options
from harness.cli.sequence_argument import load_sequence

if TYPE_CHECKING:
    from harness.execution.options import RunOptions


@click.command("run")
@click.argument("file", type=FileOrName())
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
    "--resume-minutes",
    type=click.FloatRange(min=0),
    envvar="XSTILTS_RESUME_MINUTES",
    default=1.0,
    show_default=True,
    help="Minutes of training between two points from which a killed stage resumes.",
)
@click.option(
    "--stall-minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="End a worker that neither reports nor computes for so long.",
)
@click.option(
    "--stop-seconds",
    type=click.FloatRange(min=0),
    default=20.0,
    show_default=True,
    help="Time for running stages to save a resume point after Ctrl-C or a signal.",
)
@click.option(
    "--discard-target-weights",
    is_flag=True,
    help="Drop the weights of targets once their evaluations are in, as target_weights: discard does.",
)
@click.option(
    "--executor",
    type=FileOrName(),
    help="Where stages run: the name or path of an executor profile (xstilts list executors). "
    "[default: local]",
)
def command(file: str, options: "RunOptions", executor: str | None, **settings: Any) -> None:
    """Train and score what is missing of FILE (a path or the name of a known sequence), and publish.

    Stages that are already in the store are reused. A stopped run goes on where it was. Exit code 1
    when a stage failed; the leaderboard then lists it.
    """
    from rich.console import Console

    from harness.config.executor_profile import DEFAULT_PROFILE
    from harness.execution.executors.registry import read_profile
    from harness.execution.run import run
    from harness.report.renderers.terminal import render_terminal

    loaded = load_sequence(file)
    profile = read_profile(executor or DEFAULT_PROFILE)
    report = run(loaded, replace(options, profile=profile, **settings), Console())
    click.echo(
        f"\n{render_terminal(report.published.publication)}\n\nLeaderboard: {report.published.markdown}"
    )
    if report.outcome.failures or report.outcome.unmeasured:
        raise click.exceptions.Exit(1)
