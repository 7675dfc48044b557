"""What of a plan a store holds already, and what the rest takes."""

from collections import Counter
from dataclasses import dataclass

from harness.cost.total import PlanCost
from harness.evaluation.job import EVALUATIONS
from harness.message_text import duration, how_many
from harness.planning.text_table import aligned
from harness.resolved_plan import ResolvedPlan
from harness.store.store import Store
from harness.training.manifest import STAGES


@dataclass(frozen=True)
class Reuse:
    """The stages of each task and the evaluations of each target, by whether a store holds them.

    Attributes:
        reused: Task, or `scoring TARGET` -> how many are in the store.
        due: The same -> how many are to be made.
    """

    reused: Counter[str]
    due: Counter[str]

    def seconds(self, cost: PlanCost) -> float | None:
        """Return the estimated time of what is to be made; None where the device lacks the precision."""
        each = {task.task: task.each.seconds for task in cost.tasks}
        each |= {
            f"scoring {one.target}": one.seconds and one.seconds / one.evaluations for one in cost.evaluations
        }
        parts = [(count, each.get(name, 0.0)) for name, count in self.due.items()]
        return None if any(part is None for _, part in parts) else sum(n * (part or 0) for n, part in parts)


def reuse(resolved: ResolvedPlan, store: Store) -> Reuse:
    """Look up every stage and evaluation of a plan, those that share a digest once."""
    reused, due = Counter[str](), Counter[str]()
    stages = {resolved.digests[stage]: stage for stage in resolved.plan.stages if stage.is_trained}
    for digest, stage in stages.items():
        name = stage.task if stage.shots is None else f"{stage.task} → {stage.shots}"
        (due if store.entry(STAGES, digest) is None else reused)[name] += 1
    evaluations = {resolved.evaluation_digests[s]: s for s in resolved.plan.stages if s.is_evaluated}
    for digest, stage in evaluations.items():
        (due if store.entry(EVALUATIONS, digest) is None else reused)[f"scoring {stage.task}"] += 1
    return Reuse(reused, due)


def reuse_table(found: Reuse, cost: PlanCost | None) -> str:
    """Return a line for each task and target, and the sums in a sentence."""
    names = dict.fromkeys((*found.reused, *found.due))
    rows = [(name, f"{found.reused[name]:,}", f"{found.due[name]:,}") for name in names]
    stages = [name for name in names if not name.startswith("scoring ")]
    reused, due = (sum(counts[name] for name in stages) for counts in (found.reused, found.due))
    text = f"In the store: {how_many(reused, 'stage')} reused, {due:,} to train"
    if cost is not None:
        text += f"; the rest takes {duration(found.seconds(cost))}"
    return f"{aligned([('task', 'reused', 'to make'), *rows])}\n{text}."
