"""Resource requests of a plan's steps, from the model's shape and the rows that are there."""

from itertools import islice
from statistics import fmean

from harness.cost.accelerators import ACCELERATORS
from harness.cost.architecture import Architecture
from harness.cost.estimate import Machine, Size, StageCost, forward_seconds, scoring_flops, stage_cost
from harness.cost.hub_models import UnknownShapeError, architecture
from harness.cost.resources import Resources
from harness.kinds.registry import may_hold_any_token
from harness.planning.stage import Stage
from harness.resolved_plan import ResolvedPlan, evaluation_precision

_SAMPLED_ROWS = 200
_CHARACTERS_PER_TOKEN = 4
_SPECIAL_TOKENS = 3
_HOST_BYTES = 3e9
"""Of a process that trains on a GPU: its libraries, and rows."""


class StepEstimates:
    """Estimates what each step of a plan takes; steps of the same content are estimated once."""

    def __init__(self, resolved: ResolvedPlan, accelerator: str, processes: int) -> None:
        """Prepare estimates.

        Args:
            resolved: The plan.
            accelerator: Key of `ACCELERATORS`.
            processes: Processes, one for each device, that carry out a step together.
        """
        self._resolved = resolved
        loaded = resolved.plan.loaded
        self._machine = Machine(
            ACCELERATORS[accelerator],
            devices=processes,
            zero_stage=loaded.deepspeed.zero_stage,
            offloads=loaded.deepspeed.offloads,
        )
        self._model = _shape(resolved)
        self._known: dict[str, StageCost | None] = {}
        self._tokens: dict[str, float] = {}

    def training(self, stage: Stage) -> Resources:
        """Return the request of training a stage."""
        return self._request(self._cost(stage), self._resolved.samples(stage) * 3)

    def evaluation(self, stage: Stage) -> Resources:
        """Return the request of scoring a stage."""
        return self._scoring(stage, self._resolved.items(stage) if stage.is_evaluated else 0)

    def forgetting(self, stage: Stage) -> Resources:
        """Return the request of a forgetting evaluation of a stage."""
        held_out = self._resolved.held_out
        rows = sum(len(held_out[one.task].dataset) for one in stage.lineage() if one.task in held_out)
        return self._scoring(stage, rows)

    def _scoring(self, stage: Stage, items: int) -> Resources:
        cost = self._cost(stage)
        request = self._request(cost, items)
        if self._model is None or cost is None:
            return request
        size = self._size(stage)
        flops = scoring_flops(self._model, items, size.tokens_per_row, size.labels)
        precision = evaluation_precision(self._resolved.plan, stage.task)
        return request.model_copy(update={"seconds": forward_seconds(flops, precision, self._machine)})

    def _request(self, cost: StageCost | None, relative: float) -> Resources:
        on_host = self._machine.accelerator.is_host
        return Resources(
            devices=0.0 if on_host else 1.0,
            processes=self._machine.devices,
            memory=round(cost.memory.total if cost and on_host else _HOST_BYTES) * self._machine.devices,
            device_memory=round(cost.memory.total) if cost and not on_host else None,
            # Without a known model, steps can still be compared with each other.
            seconds=(cost.seconds if cost else None) or relative / 1000,
        )

    def _cost(self, stage: Stage) -> StageCost | None:
        if self._model is None:
            return None
        if not stage.is_trained:
            return None
        name = str(stage.path)
        if name not in self._known:
            settings = self._resolved.content(stage).settings
            self._known[name] = stage_cost(self._model, self._size(stage), settings, self._machine)
        return self._known[name]

    def _size(self, stage: Stage) -> Size:
        members = self._resolved.content(stage).members
        tasks = [member.task for member in members]
        rows = sum(len(self._resolved.training[member.name].dataset) for member in members)
        longest = max(member.settings.max_length for member in members)
        tokens = fmean(min(self._tokens_of(member.name), longest) for member in members)
        any_token = may_hold_any_token(tasks, self._resolved.model.ref.trust_remote_code)
        labels = max(len(self._resolved.training[member.name].labels) for member in members)
        return Size(rows, tokens, labels, any_token)

    def _tokens_of(self, name: str) -> float:
        if name not in self._tokens:
            rows = self._resolved.training[name].dataset[:_SAMPLED_ROWS]
            counts = [
                sum(len(text) for text in islice(rows[column], _SAMPLED_ROWS) if isinstance(text, str))
                for column in ("text_a", "text_b")
                if column in rows
            ]
            count = max(1, len(next(iter(rows.values()), ())))
            self._tokens[name] = sum(counts) / count / _CHARACTERS_PER_TOKEN + _SPECIAL_TOKENS
        return self._tokens[name]


def _shape(resolved: ResolvedPlan) -> Architecture | None:
    try:
        return architecture(resolved.plan.loaded.model)
    except UnknownShapeError:
        return None
