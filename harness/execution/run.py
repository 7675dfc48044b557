"""One call for the whole job: plan, train what is missing, evaluate what is missing, publish."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from harness.config.load import LoadedSequence
from harness.cost.measured import measured_flops
from harness.execution.executors.base import Executor, RunContext
from harness.execution.executors.registry import make_executor
from harness.execution.options import RunOptions
from harness.execution.planned_steps import Outcome
from harness.execution.reporter import Reporter
from harness.execution.request import Roots
from harness.execution.runner import Runner
from harness.execution.step_requests import StepRequests
from harness.message_text import duration
from harness.planning.drawing import summary
from harness.planning.stage import Stage
from harness.planning.tree import Plan
from harness.report.publish import Published, make_folder, publish
from harness.report.replacement import refuse_less_planned, refuse_nothing
from harness.resolved_plan import ResolvedPlan, resolve
from harness.results.board import Board
from harness.results.collect import make_board, planned_rows
from harness.results.combine import combine
from harness.results.finished import FinishedEntries
from harness.results.made_of import shown_path
from harness.results.reported import read_reported
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
    resolved = resolve(Plan.of(loaded), options.data_dir)
    _warn(resolved, console)
    name = options.board_name(loaded.spec.name)
    if not options.replace:
        refuse_less_planned(name, planned_rows(resolved), options.leaderboards / f"{name}.json")
    for line in _intent(resolved, store, options.leaderboards / f"{name}.md"):
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    outcome, logs = carry_out(resolved, store, options, console)
    published = publish_plan(resolved, [store], options, outcome.failures)
    console.print(_closing(outcome, time.monotonic() - started, logs), markup=False, highlight=False)
    return RunReport(outcome, published)


def carry_out(
    resolved: ResolvedPlan, store: Store, options: RunOptions, console: Console
) -> tuple[Outcome, Path]:
    """Train and score what the store lacks of a plan; return what was done, and the folder of the logs.

    Raises:
        InterruptedRunError: SIGINT or SIGTERM arrived.
    """
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
    logs, plan = store.layout.runs / name, resolved.plan
    targets = [stage for stage in plan.stages if stage.is_evaluated]
    stop_seconds = options.stop_seconds
    stall_seconds = options.stall_minutes * 60
    requests = StepRequests(
        resolved,
        name,
        options.profile,
        options.processes,
        options.resume_minutes * 60,
        stop_seconds,
        stall_seconds,
    )

    def executor() -> Executor:
        context = RunContext(
            name=name,
            sequence=plan.loaded.spec.name,
            folder=logs,
            roots=Roots.here(store.layout.root, resolved.data_dir),
            workers=options.workers,
            processes=options.processes,
            stall_seconds=stall_seconds,
            stop_seconds=stop_seconds,
        )
        return make_executor(options.profile, context)

    reporter = Reporter(
        console,
        works=sum(stage.is_trained for stage in plan.stages)
        + len(targets)
        + len(resolved.forgetting_digests),
        samples=sum(resolved.samples(stage) for stage in plan.stages),
        items=sum(resolved.items(stage) for stage in targets),
    )
    discards = options.discard_target_weights or plan.loaded.spec.target_weights == "discard"
    with _translate_disk_full(store), reporter:
        runner = Runner(resolved, store, executor, requests, reporter, discards=discards)
        return runner.run(), logs


def publish_plan(
    resolved: ResolvedPlan, stores: Sequence[Store], options: RunOptions, failures: Mapping[Stage, str]
) -> Published:
    """Write the leaderboard of a plan.

    Args:
        resolved: The plan.
        stores: Where its entries lie; the first that has one counts.
        options: Of the run; the page names the command.
        failures: Stages that failed -> why; of others that are not there it is said that they were not run.

    Raises:
        ConflictingEvaluationsError: Two stores hold other results of the same evaluation.
    """
    finished = FinishedEntries(resolved, stores)
    board = _board(resolved, finished, options, failures)
    if not failures:
        refuse_nothing(board)
    return publish(
        board, options.leaderboards, finished.predictions(), options.reported, replace=options.replace
    )


def publish_files(
    files: Sequence[LoadedSequence],
    folders: Sequence[Path],
    options: RunOptions,
    together: str | None = None,
    title: str | None = None,
) -> Iterator[Published]:
    """Write a leaderboard of each sequence file, or one of all under the name `together`.

    Raises:
        ConflictingEvaluationsError: Two stores hold other results of the same evaluation.
        IncompatibleBoardsError: The files' rows cannot share one table.
    """
    stores = [Store.existing(folder) for folder in folders]
    resolved_plans = (resolve(Plan.of(options.apply(loaded)), options.data_dir) for loaded in files)
    if together is None:
        for resolved in resolved_plans:
            yield publish_plan(resolved, stores, options, {})
        return
    boards: list[Board] = []
    predictions: dict[str, Path] = {}
    for resolved in resolved_plans:
        finished = FinishedEntries(resolved, stores)
        boards.append(_board(resolved, finished, options, {}))
        predictions |= finished.predictions()
    board = combine(boards, together, title, None)
    refuse_nothing(board)
    yield publish(board, options.leaderboards, predictions, options.reported, replace=options.replace)


def _board(
    resolved: ResolvedPlan, finished: FinishedEntries, options: RunOptions, failures: Mapping[Stage, str]
) -> Board:
    loaded = resolved.plan.loaded
    return make_board(
        resolved,
        finished,
        failures,
        name=options.board_name(loaded.spec.name),
        command=options.command(shown_path(loaded.path)),
        note=options.note,
        trial=options.limit,
        flops=measured_flops(resolved, tuple(finished.manifests())),
    )


def _warn(resolved: ResolvedPlan, console: Console) -> None:
    warnings = [warning for rows in resolved.training.values() for warning in rows.warnings]
    warnings += [warning for rows in resolved.evaluation.values() for warning in rows.warnings]
    warnings += resolved.leakage.warnings
    warnings += [
        f"training task {name!r}: {len(rows.dropped):,} rows are dropped, since they are also evaluation rows"
        for name, rows in resolved.training.items()
        if rows.dropped
    ]
    warnings += [
        f"forgetting of {name} is not measured: {why}" for name, why in resolved.not_measured.items()
    ]
    for warning in dict.fromkeys(warnings):
        console.print(f"warning: {warning}", markup=False, highlight=False, soft_wrap=True)


def _intent(resolved: ResolvedPlan, store: Store, page: Path) -> Iterator[str]:
    """Yield what the run is going to do and why, and how to read what it prints."""
    loaded = resolved.plan.loaded
    spec = loaded.spec
    if spec.question:
        yield spec.question
    yield (
        f"Each sequence fine-tunes {spec.model} on its tasks one after the other and is then scored in every "
        "language, which shows what carries over."
    )
    for target in spec.targets:
        languages = dict.fromkeys(leaf.language for leaf in loaded.evaluations[target])
        yield f"{target} is scored in {', '.join(languages)}."
    yield (
        "[1/N] numbers the stages and their evaluations. The loss is that of training rows; `held out` is "
        "the score on rows of the stage's task that it was not trained on."
    )
    yield f"Stages, scores and logs: {store.layout.root}   Leaderboard: {page}"


def _closing(outcome: Outcome, seconds: float, logs: Path) -> str:
    failures = len(outcome.failures) + len(outcome.unmeasured)
    failed = f", {failures} failed (logs: {logs})" if failures else ""
    absent = outcome.absent.total()
    gone = f" ({absent} not in the store and not needed)" if absent else ""
    return (
        f"{outcome.made['train']} stages trained, {outcome.reused['train']} reused{gone}; "
        f"{outcome.made['evaluate']} evaluations made, {outcome.reused['evaluate']} reused{failed}; "
        f"{duration(seconds)}"
    )


@contextmanager
def _translate_disk_full(store: Store) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_no_space(error):
            raise StoreFullError(store.layout.root) from error
        raise
