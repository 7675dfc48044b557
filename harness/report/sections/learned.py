"""Whether each training task was learned at all: its stages on rows that were held out of their training."""

from collections.abc import Iterator

from scipy import stats

from harness.frozen_model import FrozenModel
from harness.message_text import how_many
from harness.report.blocks import Block, Heading, Paragraph, Tabular
from harness.report.notation import EMPTY, spread
from harness.report.publication import Publication
from harness.report.section import BoardSection, Results
from harness.report.table import Table
from harness.results.held_out import HeldOutScores
from harness.results.target_metric import TargetMetric
from harness.statistics.arrays import ALPHA
from harness.statistics.spread import Spread


class TaskLearned(FrozenModel):
    """The stages of one task, each scored right after its own training.

    Attributes:
        rows: How many rows are held out.
        commonest: Accuracy of always giving the commonest label; None where that is not known.
        above: Stages significantly above it, by a one-sided exact binomial test each at 5%; None likewise.
    """

    task: str
    metric: TargetMetric
    rows: int
    stages: int
    score: Spread
    lowest: float
    highest: float
    commonest: float | None
    above: int | None


class Learned(FrozenModel):
    """All tasks that have held-out rows, in the order of the board."""

    tasks: tuple[TaskLearned, ...]


def task_learned(held_out: HeldOutScores) -> TaskLearned:
    """Summarize a task over its stages, whatever was trained before them."""
    scores = [one.score for one in held_out.scores]
    chance, rows = held_out.commonest, held_out.rows
    return TaskLearned(
        task=held_out.task,
        metric=held_out.metric,
        rows=rows,
        stages=len(scores),
        score=Spread.of(scores),
        lowest=min(scores),
        highest=max(scores),
        commonest=chance,
        above=None if chance is None else sum(_is_above(score, chance, rows) for score in scores),
    )


def _is_above(score: float, chance: float, rows: int) -> bool:
    return bool(stats.binomtest(round(score * rows), rows, chance, alternative="greater").pvalue < ALPHA)


class LearnedSection(BoardSection[Learned]):
    """A line for each training task: what its stages reach on its held-out rows, and chance."""

    name, place, model, brief = "learned", 950, Learned, True

    def compute(self, results: Results) -> Learned | None:
        """Summarize over the stages of each task."""
        tasks = tuple(map(task_learned, results.board.held_out))
        return Learned(tasks=tasks) if tasks else None

    def blocks(self, data: Learned, publication: Publication) -> Iterator[Block]:
        """Yield what was not learned, and the table."""
        yield Heading("What the stages learned", 2)
        yield Paragraph(" ".join(_sentences(data)))
        yield Tabular(_table(data), "What the stages learned")


def _sentences(data: Learned) -> Iterator[str]:
    yield "Each stage is scored right after its own training, on rows of its task that were held out of it."
    tested = [task for task in data.tasks if task.above is not None]
    if failed := [task for task in tested if task.above != task.stages]:
        yield "Not significantly above the commonest label: {}.".format(
            ", ".join(f"{task.stages - (task.above or 0)} of {task.stages} of {task.task}" for task in failed)
        )
    elif tested:
        total = sum(task.stages for task in tested)
        yield f"All {how_many(total, 'stage')} are significantly above the commonest label."


def _table(data: Learned) -> Table:
    headers = (
        *("task", "metric", "held-out rows", "stages"),
        *("mean ± sd", "lowest", "highest", "commonest label"),
    )
    return Table(headers, tuple(map(_row, data.tasks)), frozenset(headers[:2]))


def _row(task: TaskLearned) -> tuple[str, ...]:
    scale = task.metric.scale
    return (
        task.task,
        task.metric.phrase,
        f"{task.rows:,}",
        f"{task.stages:,}",
        spread(task.score, scale),
        scale.value(task.lowest),
        scale.value(task.highest),
        EMPTY if task.commonest is None else scale.value(task.commonest),
    )


LEARNED = LearnedSection()
