"""What becomes of a plan's steps: counted, kept in the store, and shown to whoever watches."""

from collections.abc import Iterable, Mapping

from harness.execution.entry_state import EntryStates
from harness.execution.planned_steps import Outcome, PlannedStep
from harness.execution.preflight import CHECK
from harness.execution.reporter import Reporter, Shown, summary
from harness.execution.running_steps import RunningStep
from harness.execution.steps.base import StepManifest
from harness.execution.target_weights import TargetWeights
from harness.planning.stage import Stage
from harness.resolved_plan import ResolvedPlan
from harness.store.store import Store


class StepOutcomes:
    """Takes note of how steps end."""

    def __init__(
        self,
        resolved: ResolvedPlan,
        store: Store,
        states: EntryStates,
        steps: Mapping[str, PlannedStep],
        reporter: Reporter,
        weights: TargetWeights | None,
    ) -> None:
        """Prepare to take note.

        Args:
            resolved: The plan.
            store: Where its entries lie.
            states: Which of them are finished.
            steps: Digest -> step.
            reporter: Shows what happens.
            weights: Discards those of targets; None: they are kept.
        """
        self.total = Outcome()
        self.reporter = reporter
        self._resolved, self._store, self._states = resolved, store, states
        self._steps, self._weights = steps, weights
        self._absent: set[str] = set()

    @property
    def counts(self) -> tuple[int, int]:
        """How many steps are finished, and how many have failed or were left out."""
        total = self.total
        return total.made.total() + total.reused.total(), len(total.failures) + len(total.unmeasured)

    def label(self, key: str) -> str:
        """Return what people call a step."""
        return "the check of the model" if key == CHECK else str(self._steps[key])

    def show(self, running: RunningStep) -> Shown:
        """Return the line of a step that goes on."""
        if running.shown is None:
            running.shown = self.reporter.begin(self.label(running.key), counts=running.key != CHECK)
        return running.shown

    def withdraw(self, running: RunningStep) -> None:
        """Take a step for not begun."""
        if running.shown is not None:
            self.reporter.withdraw(running.shown)
            running.shown = None

    def made(self, running: RunningStep, manifest: StepManifest) -> None:
        """Take note of a step that was carried out."""
        step = self._steps[running.key]
        self.total.made[step.kind] += 1
        self._finish(step)
        self.show(running).finished(*self._size(step), manifest.result.seconds, summary(manifest))

    def found(self, step: PlannedStep) -> None:
        """Take note of a step that is not carried out: its entry lies in the store, or nothing needs it."""
        there = self._states.is_finished(step.digest)
        if not there:
            self._absent.add(step.digest)
        (self.total.reused if there else self.total.absent)[step.kind] += 1
        self.reporter.reused(str(step), *self._size(step), there=there)

    def found_damaged(self, step: PlannedStep) -> None:
        """Take `found` back."""
        (self.total.absent if step.digest in self._absent else self.total.reused)[step.kind] -= 1
        self.requeue(step)

    def reused(self, key: str) -> None:
        """Take note of a step whose entry another run has made meanwhile."""
        self._finish(self._steps[key])
        self.found(self._steps[key])

    def requeue(self, step: PlannedStep) -> None:
        """Take note of a step that is to be carried out again."""
        self.reporter.requeue(*self._size(step))

    def failed(self, key: str, error: str, left_out: Iterable[tuple[str, str]]) -> None:
        """Take note of a step that failed.

        Args:
            key: Of the step.
            error: For the user.
            left_out: The steps that are left out for it, each with the one before it.
        """
        step = self._steps[key]
        self._failures(step)[step.stage] = error
        self._store.record_failure(key, error)
        self.reporter.failed(str(step), error, *self._size(step))
        for after, before in left_out:
            self._leave_out(self._steps[after], self._steps[before].stage)

    def _finish(self, step: PlannedStep) -> None:
        self._states.note(step.digest, finished=True)
        if self._weights is not None:
            self._weights.after(step)

    def _leave_out(self, step: PlannedStep, before: Stage) -> None:
        # A target's own failure is already there when its evaluation is left out.
        self._failures(step).setdefault(step.stage, f"left out: {before} failed")
        self.reporter.left_out(str(step), f"left out: {before} failed", *self._size(step))

    def _failures(self, step: PlannedStep) -> dict[Stage, str]:
        """Return where a failure is kept: what was not measured keeps no stage from being trained."""
        return self.total.unmeasured if step.kind == "forgetting" else self.total.failures

    def _size(self, step: PlannedStep) -> tuple[int, int]:
        """Return how many training samples and evaluation items a step has."""
        if step.kind == "train":
            return self._resolved.samples(step.stage), 0
        return 0, self._resolved.items(step.stage) if step.kind == "evaluate" else 0
