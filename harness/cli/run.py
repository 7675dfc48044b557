"""`xstilts run`: from a sequence file to its leaderboard."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from harness.cli.file_argument import FileOrName
from harness.cli.options import run_options
from harness.cli.sequence_argument import load_sequence

if TYPE_CHECKING:
    from harness.execution.options import RunOptions


_RUNS_OF_A_SCRIPT = 4


@click.command("run")
@click.argument("file", type=FileOrName())
@run_options
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Stages trained at the same time, each by --processes of its own: on 4 GPUs 4 workers train 4 "
    "stages at once, 1 worker with 4 processes one after the other. [default: as suits the machine]",
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Training processes of each stage, one a device.",
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
@click.option(
    "--print-script",
    is_flag=True,
    help="Print a script of jobs that share the plan, to be submitted by hand, and run nothing.",
)
def command(
    file: str, options: "RunOptions", executor: str | None, print_script: bool, **settings: Any
) -> None:
    """Train and score what is missing of FILE (a path or the name of a known sequence), and publish.

    Stages that are already in the store are reused. A stopped run goes on where it was. Exit code 1
    when a stage failed; the leaderboard then lists it.
    """
    from rich.console import Console

    from harness.config.executor_profile import DEFAULT_PROFILE
    from harness.cost.resources import Resources
    from harness.execution.executors.registry import read_profile, write_script
    from harness.execution.run import run
    from harness.report.renderers.terminal import render_terminal

    loaded = load_sequence(file)
    profile = read_profile(executor or DEFAULT_PROFILE)
    if print_script:
        name, runs = f"xstilts-{loaded.spec.name}", settings["workers"] or _RUNS_OF_A_SCRIPT
        resources = Resources(processes=settings["processes"]).overridden(profile.resources)
        words = _without(sys.argv[1:], flags=("--print-script",), options=("--executor", "--workers"))
        click.echo(write_script(profile, name, runs, words, resources), nl=False)
        return
    report = run(loaded, replace(options, profile=profile, **settings), Console())
    click.echo(
        f"\n{render_terminal(report.published.publication)}\n\nLeaderboard: {report.published.markdown}"
    )
    if report.outcome.failures or report.outcome.unmeasured:
        raise click.exceptions.Exit(1)


def _without(words: Sequence[str], flags: Sequence[str], options: Sequence[str]) -> list[str]:
    """Return a command line without some flags, and without some options and their values."""
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in options:
            next(rest)
        elif word not in flags and word.split("=")[0] not in options:
            kept.append(word)
    return kept
