"""Requests for the steps of a plan: what an executor is given, with what each step needs."""

from dataclasses import dataclass
from functools import cached_property

from harness.config.executor_profile import ExecutorProfile
from harness.cost.resources import Resources
from harness.cost.step_resources import StepEstimates
from harness.execution.executors.places import cuda_devices
from harness.execution.planned_steps import PlannedStep, step_of
from harness.execution.preflight import check_step
from harness.execution.request import StepRequest
from harness.resolved_plan import ResolvedPlan


@dataclass(frozen=True)
class StepRequests:
    """Makes the requests of a run.

    Attributes:
        run: Name of the run.
        profile: Sets resources; what it leaves open is estimated.
        processes: Training processes of a step.
        resume_seconds: Seconds of training between two resume points.
        stop_seconds: How long a process may take to end after it was asked to.
        stall_seconds: A process that has done no optimizer step for so long is ended.
    """

    resolved: ResolvedPlan
    run: str
    profile: ExecutorProfile
    processes: int
    resume_seconds: float
    stop_seconds: float
    stall_seconds: float = 600.0

    def resources(self, step: PlannedStep) -> Resources:
        """Return what a step needs."""
        estimate = {
            "train": self._estimates.training,
            "evaluate": self._estimates.evaluation,
            "forgetting": self._estimates.forgetting,
        }
        settings = self.profile.resources_of(step.stage.task, evaluates=step.kind != "train")
        return estimate[step.kind](step.stage).overridden(settings)

    def request(self, step: PlannedStep, lost: list[str]) -> StepRequest:
        """Return the request of a step after some attempts that have ended."""
        return StepRequest(
            attempt=f"{self.run}/{step.digest[:12]}-{len(lost)}",
            label=str(step),
            step=step_of(self.resolved, step),
            resources=self.resources(step),
            data_dir=self.resolved.data_dir,
            resume_every=self.resume_seconds,
            stop_seconds=self.stop_seconds,
            stall_seconds=self.stall_seconds,
            lost=tuple(lost),
        )

    def check(self) -> StepRequest:
        """Return the request of the check before the first step."""
        resources = Resources(processes=self.processes).overridden(self.profile.resources)
        return StepRequest(
            attempt=f"{self.run}/check",
            label="check of the model",
            step=check_step(self.resolved),
            resources=resources,
            data_dir=self.resolved.data_dir,
            stop_seconds=self.stop_seconds,
        )

    @cached_property
    def _estimates(self) -> StepEstimates:
        return StepEstimates(self.resolved, "A100" if cuda_devices() else "cpu", self.processes)
