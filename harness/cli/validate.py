"""`xstilts validate`: every error of every file at once."""

import click

from harness.cli.file_argument import FileOrName
from harness.message_text import how_many, printable


@click.command("validate")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=FileOrName())
def command(files: tuple[str, ...]) -> None:
    """Check sequence files, executor profiles (by path or known name), training task files and corpora.

    Lists every problem of every FILE with its line, key and remedy, and exits with code 2; trains nothing and
    loads no data.
    """
    from harness.config.corpus import Corpus
    from harness.config.executor_profile import ExecutorProfile
    from harness.config.load import LoadedSequence, check_files
    from harness.execution.executors.registry import read_profile
    from harness.models.checks import check_named_model
    from harness.planning.content import not_measured
    from harness.planning.orders import plan_size

    for name, checked in check_files(files):
        if isinstance(checked, LoadedSequence):
            kinds = [task.kind for task in checked.tasks.values()]
            check_named_model(checked.model, checked.spec.trust_remote_code, kinds)
            size = plan_size(checked.spec, len(checked.untrained))
            counts = f"{how_many(size.sequences, 'sequence')}, {how_many(size.stages, 'stage')}"
            click.echo(printable(f"{name}: ok ({counts})"))
            for task, why in not_measured(checked).items():
                click.echo(printable(f"    forgetting of {task} is not measured: {why}"))
        elif isinstance(checked, Corpus):
            count = len(checked.languages)
            click.echo(printable(f"{name}: ok (corpus, {checked.task.kind}, {count} languages)"))
        elif isinstance(checked, ExecutorProfile):
            profile = read_profile(name)
            click.echo(printable(f"{name}: ok (executor profile, {profile.executor})"))
        else:
            labels = f", {len(checked.labels)} labels" if checked.labels else ""
            click.echo(printable(f"{name}: ok (training task, {checked.kind}{labels})"))
