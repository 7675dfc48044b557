"""The log of a step is found by its digest, whichever run made it."""

from pathlib import Path

from harness.execution.attempt_journal import AttemptJournal, attempts_of, step_logs
from harness.execution.events import Busy, Failed, Finished, Outcome
from harness.execution.executors.base import Handle
from harness.execution.request import StepRequest
from harness.execution.steps.forgetting import ForgettingStep
from harness.models.references import ModelRef
from harness.store.layout import Layout

DIGEST = "d" * 32
STEP = ForgettingStep(digest=DIGEST, model=ModelRef(name="model"), stage="a" * 32, heads=())


def attempt(layout: Layout, run: str, name: str, outcome: Outcome | None) -> Path:
    log = layout.runs / run / f"{name}.log"
    journal, request = (
        AttemptJournal(log.parent),
        StepRequest(attempt=f"{run}/{name}", label="a step", step=STEP),
    )
    record = journal.begin(request, Handle(request.attempt, "worker 1", log))
    log.write_text("printed")
    if outcome is not None:
        journal.end(record, outcome)
    return log


def test_the_log_is_that_of_the_attempt_that_made_the_entry(tmp_path):
    layout = Layout(tmp_path / "store")
    attempt(layout, "20260101T000000-1", "first", Failed(error="disk"))
    made = attempt(layout, "20260101T000000-1", "second", Finished(manifest=None))
    attempt(layout, "20260102T000000-2", "third", Finished(manifest=None, reused=True))
    attempt(layout, "20260103T000000-3", "fourth", Busy(owner="another"))

    assert step_logs(layout, [DIGEST, "f" * 32]) == {DIGEST: made}
    outcomes = [one.outcome for one in attempts_of(layout.runs / "20260101T000000-1").values()]
    assert outcomes == ["failed", "finished"]

    # A store is moved with its logs.
    moved = layout.root.rename(tmp_path / "moved")
    assert step_logs(Layout(moved), [DIGEST]) == {DIGEST: moved / made.relative_to(layout.root)}


def test_a_step_that_nobody_has_finished_has_the_log_of_its_last_attempt(tmp_path):
    layout = Layout(tmp_path / "store")
    attempt(layout, "20260101T000000-1", "first", Failed(error="disk"))
    last = attempt(layout, "20260102T000000-2", "second", None)
    (last.parent / "attempts.jsonl").open("a").write('{"attempt": "cut')
    assert step_logs(layout, [DIGEST]) == {DIGEST: last}

    last.unlink()
    assert step_logs(layout, [DIGEST]) == {DIGEST: layout.runs / "20260101T000000-1" / "first.log"}
