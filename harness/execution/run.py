"""One call for the whole job: plan, train what is missing, evaluate what is missing, publish."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from harness.config.load import LoadedSequence
from harness.execution.options import RunOptions
from harness.execution.preflight import check_before_training
from harness.execution.published import publish_plan
from harness.execution.reporter import Reporter, duration
from harness.execution.resolution import Resolution, resolve
from harness.execution.runner import Runner
from harness.execution.work import Outcome
from harness.execution.worker_process import WorkerProcess
from harness.execution.workers import make_workers
from harness.leaderboard.publish import Published, make_folder
from harness.leaderboard.reported import read_reported
from harness.plan.drawing import summary
from harness.plan.tree import Plan
from harness.store.disk import StoreFullError, is_no_space
from harness.store.store import Store


@dataclass(frozen=True)
class RunReport:
    """What a run did and where its leaderboard lies."""

    outcome: Outcome
    published: Published


def run(loaded: LoadedSequence, options: RunOptions, console: Console) -> RunReport:
    """Carry a sequence file out and publish its leaderboard.

    Failed stages are in the report and on the leaderboard; they do not raise.

    Raises:
        UserError: The model, the data or the store cannot be used as asked.
        StoreFullError: There is no space left on the store's disk.
        InterruptedRunError: The command line turns SIGINT and SIGTERM into it; the workers are ended.
    """
    started = time.monotonic()
    loaded = options.apply(loaded)
    store = Store(options.store)
    store.require_writable()
    # Not only after days of training.
    make_folder(options.leaderboards)
    if options.reported is not None:
        read_reported(options.reported, loaded.spec.targets)
    console.print(f"{loaded.spec.name}: {summary(loaded)}", markup=False, highlight=False, soft_wrap=True)
    resolution = resolve(Plan.of(loaded), options.data_dir)
    _warn(resolution, console)
    outcome, logs = carry_out(resolution, store, options, console)
    published = publish_plan(resolution, [store], options, outcome.failures)
    console.print(_closing(outcome, time.monotonic() - started, logs), markup=False, highlight=False)
    return RunReport(outcome, published)


def carry_out(
    resolution: Resolution, store: Store, options: RunOptions, console: Console
) -> tuple[Outcome, Path]:
    """Train and score what the store lacks of a plan; return what was done, and the folder of the logs.

    Raises:
        InterruptedRunError: SIGINT or SIGTERM arrived.
    """
    logs = store.layout.runs / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
    with _full_disk_in_words(store):
        workers = make_workers(logs, options.workers, options.processes, options.stall_minutes * 60)
        try:
            for warning in check_before_training(resolution, store, workers):
                console.print(f"warning: {warning}", markup=False, highlight=False, soft_wrap=True)
            return _carry_out(resolution, store, workers, console, options.resume_minutes * 60), logs
        except BaseException:
            for worker in workers:
                worker.ask_to_end()
            for worker in workers:
                worker.kill()
            raise


def _carry_out(
    resolution: Resolution,
    store: Store,
    workers: Sequence[WorkerProcess],
    console: Console,
    resume_seconds: float,
) -> Outcome:
    plan = resolution.plan
    targets = [stage for stage in plan.stages if stage.is_evaluated]
    reporter = Reporter(
        console,
        works=len(plan.stages) + len(targets) + len(resolution.forgetting_digests),
        samples=sum(resolution.samples(stage) for stage in plan.stages),
        items=sum(resolution.items(stage) for stage in targets),
        workers=len(workers),
    )
    with reporter:
        outcome = Runner(resolution, store, workers, reporter, resume_seconds).run()
    for worker in workers:
        worker.stop()
    return outcome


def _warn(resolution: Resolution, console: Console) -> None:
    warnings = [warning for rows in resolution.training.values() for warning in rows.warnings]
    warnings += [warning for rows in resolution.evaluation.values() for warning in rows.warnings]
    warnings += resolution.leakage.warnings
    warnings += [
        f"training task {name!r}: {len(rows.dropped):,} rows are dropped, since they are also evaluation rows"
        for name, rows in resolution.training.items()
        if rows.dropped
    ]
    for warning in dict.fromkeys(warnings):
        console.print(f"warning: {warning}", markup=False, highlight=False, soft_wrap=True)


def _closing(outcome: Outcome, seconds: float, logs: Path) -> str:
    failures = len(outcome.failures) + len(outcome.unmeasured)
    failed = f", {failures} failed (logs: {logs})" if failures else ""
    return (
        f"{outcome.trained} stages trained, {outcome.reused_stages} reused; "
        f"{outcome.evaluated} evaluations made, {outcome.reused_evaluations} reused{failed}; "
        f"{duration(seconds)}"
    )


@contextmanager
def _full_disk_in_words(store: Store) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_no_space(error):
            raise StoreFullError(store.layout.root) from error
        raise
