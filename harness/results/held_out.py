"""What the stages of a leaderboard learned: scores on rows held out of training, each after its own stage."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from harness.data.rows import load_held_out_rows
from harness.frozen_model import FrozenModel
from harness.kinds.registry import kind_of
from harness.metrics.registry import metric
from harness.planning.content import shown_name
from harness.results.shown_name import ShownName
from harness.results.target_metric import TargetMetric

if TYPE_CHECKING:
    from harness.planning.stage import Stage
    from harness.resolved_plan import ResolvedPlan
    from harness.results.finished import FinishedEntries
    from harness.training.job import HeldOutScore


class StageScore(FrozenModel):
    """The held-out score of one stage of one seed.

    Attributes:
        stages: The stages from the pretrained model to this one, its own last.
    """

    stages: tuple[ShownName, ...] = Field(min_length=1)
    seed: int
    score: Annotated[float, Field(allow_inf_nan=False)]


class HeldOutScores(FrozenModel):
    """How well all stages that train a task do it on the same held-out rows, by the task's first metric.

    Attributes:
        rows: How many rows are held out.
        commonest: Accuracy of always answering the commonest label of those rows; None for other metrics, and
            where the rows are not available.
    """

    task: ShownName
    metric: TargetMetric
    rows: int = Field(ge=1)
    commonest: Annotated[float, Field(ge=0, le=1)] | None = None
    scores: tuple[StageScore, ...] = Field(min_length=1)


def merged(parts: Iterable[HeldOutScores]) -> tuple[HeldOutScores, ...]:
    """Return one record for each task, with every stage once; a task's held-out rows are the same in all."""
    found: dict[tuple[str, str, int], HeldOutScores] = {}
    for part in parts:
        key = part.task, part.metric.name, part.rows
        known = found.get(key, part)
        scores = {(one.stages, one.seed): one for one in (*known.scores, *part.scores)}
        found[key] = known.model_copy(update={"scores": tuple(scores.values())})
    return tuple(found.values())


def held_out_scores(resolved: "ResolvedPlan", finished: "FinishedEntries") -> tuple[HeldOutScores, ...]:
    """Return what the finished stages of a plan reached, by training task."""
    shares: dict[tuple[str, str], float | None] = {}
    return merged(
        found
        for sequence in resolved.plan.sequences
        for found in _of_chain(resolved, finished, sequence.target_stage, shares)
    )


def _of_chain(
    resolved: "ResolvedPlan",
    finished: "FinishedEntries",
    target: "Stage",
    shares: dict[tuple[str, str], float | None],
) -> Iterator[HeldOutScores]:
    """Yield the scores of the stages up to a target; `shares` keeps what was read of held-out rows."""
    lineage = target.lineage()
    names = tuple(str(s.shots) if s.shots else shown_name(resolved.plan.loaded, s.task) for s in lineage)
    for entry in finished.chain(target):
        stages = names[: len(entry.manifest.path)]
        for member in entry.manifest.result.members:
            if (scored := member.held_out) is None:
                continue
            key = member.name, scored.fingerprint
            name, score = next(iter(scored.metrics.items()))
            if key not in shares:
                shares[key] = _commonest_share(resolved, member.name, scored)
            yield HeldOutScores(
                task=member.name,
                metric=TargetMetric.of(metric(name)),
                rows=scored.rows,
                commonest=shares.get(key),
                scores=(StageScore(stages=stages, seed=target.seed, score=score),),
            )


def _commonest_share(resolved: "ResolvedPlan", name: str, scored: "HeldOutScore") -> float | None:
    """Return the share of the commonest label, None where the rows are no longer those that were scored."""
    task = resolved.plan.tasks[name]
    kind = kind_of(task)
    if kind.request != "loglikelihood" or kind.choices:
        return None  # there are no labels that every row chooses from
    trained = resolved.training[name].labels
    rows = load_held_out_rows(task, data_dir=resolved.data_dir, trained=trained)
    if rows is None or rows.fingerprint != scored.fingerprint:
        return None
    references = kind.references(kind.with_labels(task, rows.labels), rows.dataset)
    return Counter(map(str, references)).most_common(1)[0][1] / len(references)
