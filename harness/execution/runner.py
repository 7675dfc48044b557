"""The runner: looks at what is missing of a plan, and has an executor carry it out."""

from collections.abc import Callable

from harness.errors import InterruptedRunError
from harness.execution.dispatcher import Dispatcher
from harness.execution.entry_state import EntryStates
from harness.execution.executors.base import Executor
from harness.execution.planned_steps import Outcome, all_steps
from harness.execution.reporter import Reporter
from harness.execution.step_outcomes import StepOutcomes
from harness.execution.step_requests import StepRequests
from harness.execution.target_weights import TargetWeights
from harness.resolved_plan import ResolvedPlan
from harness.store.store import Store


class Runner:
    """Carries out a resolved plan.

    Another run may work on the same store: what it is making is left to it and looked for again later. The
    files of an entry are read before they are used; a damaged entry is quarantined and made again.
    """

    def __init__(
        self,
        resolved: ResolvedPlan,
        store: Store,
        make_executor: Callable[[], Executor],
        requests: StepRequests,
        reporter: Reporter,
        *,
        discards: bool = False,
    ) -> None:
        """Prepare a run.

        Args:
            resolved: The plan.
            store: Where its entries lie.
            make_executor: Called where there is something to do.
            requests: Makes the requests of steps.
            reporter: Shows what happens.
            discards: Whether the weights of targets are dropped after their last use.
        """
        self._resolved, self._reporter = resolved, reporter
        self._make_executor, self._requests = make_executor, requests
        self._states = EntryStates(resolved, store, reporter.say)
        self._steps = {step.digest: step for step in all_steps(resolved)}
        self._weights = TargetWeights(resolved, store, self._states, self._steps) if discards else None
        self._outcomes = StepOutcomes(resolved, store, self._states, self._steps, reporter, self._weights)
        self._dispatcher = Dispatcher(resolved, store, self._states, requests, self._steps, self._outcomes)

    def run(self) -> Outcome:
        """Carry out all the steps there are; failures are kept in the outcome, not raised.

        Raises:
            RefusedError: Nothing of the plan can be trained as it stands.
            StoreFullError: There is no space left on the store's disk.
            InterruptedRunError, KeyboardInterrupt: A signal arrived; running steps have saved resume points.
        """
        needed = self._states.needed()
        reused = [step for step in self._steps.values() if step.digest not in needed]
        for step in reused:
            self._outcomes.found(step)
        for digest in needed:
            if not self._states.has_weights(digest):
                self._reporter.say(
                    f"  note    {self._steps[digest]}: its weights were discarded (target_weights, or store "
                    "gc --target-weights); it is trained again, for a step that needs them"
                )
        self._carry_out(needed)
        # They are read last, when no worker waits for it.
        damaged = [step for step in reused if step.kind != "train" and self._states.damaged(step)]
        if damaged:
            failed = {self._resolved.digests[stage] for stage in self._outcomes.total.failures}
            again = self._states.needed() - failed
            for step in reused:
                if step.digest in again:
                    self._outcomes.found_damaged(step)
            self._carry_out(again)
        if self._weights is not None:
            self._weights.all()
        return self._outcomes.total

    def _carry_out(self, needed: set[str]) -> None:
        if not needed:
            return
        executor = self._make_executor()
        try:
            self._dispatcher.run(executor, needed)
        except (InterruptedRunError, KeyboardInterrupt):  # of the command line, of a notebook
            self._dispatcher.interrupt(executor, self._requests.stop_seconds)
            raise
        finally:
            executor.close()
