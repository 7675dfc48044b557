"""`xstilts publish`: leaderboards from what a store holds, without training anything."""

from pathlib import Path

import click

from harness.cli.options import run_options


@click.command("publish")
@click.argument("files", nargs=-1, required=True)
@run_options
def command(
    files: tuple[str, ...],
    store: Path,
    data_dir: Path | None,
    leaderboards: Path,
    limit: int | None,
    seeds: tuple[int, ...] | None,
    deepspeed: str | None,
    reported: Path | None,
) -> None:
    """Write the leaderboards of FILES (paths or names of known sequences) from the store.

    Give the options with which they were run. Sequences that were not run are listed as such.
    """
    from harness.data.location import data_folder
    from harness.execution.options import RunOptions
    from harness.execution.resolution import resolve
    from harness.execution.run import publish_plan
    from harness.execution.work import Outcome
    from harness.plan.tree import Plan
    from harness.spec.catalogue import find_sequence
    from harness.spec.deepspeed_file import find_deepspeed
    from harness.spec.load import load_sequences
    from harness.store.store import Store

    options = RunOptions(
        store=store,
        leaderboards=leaderboards,
        data_dir=data_folder(data_dir),
        limit=limit,
        seeds=seeds,
        deepspeed=find_deepspeed(deepspeed) if deepspeed else None,
        reported=reported,
    )
    opened = Store(store)
    for loaded in load_sequences([find_sequence(file) for file in files]):
        resolution = resolve(Plan.of(options.apply(loaded)), options.data_dir)
        report = publish_plan(resolution, opened, options, Outcome())
        click.echo(str(report.published.markdown))
