"""Scores computed again from item scores, and item scores from predictions and references."""

from collections.abc import Iterator

import numpy as np

from harness.errors import UserError
from harness.frozen_model import FrozenModel
from harness.metrics.item_scores import ItemScores, Predictions, TaskItems
from harness.metrics.registry import metric
from harness.results.board import Board, BoardRow, SeedResult

# Metrics add up floats, whose last bits differ from one processor to the next.
SAME_SCORE = 1e-9


class ScoreMismatch(FrozenModel):
    """A score that its predictions do not give; None where a side has none."""

    sequence: str
    seed: int
    task: str
    metric: str
    published: float | None
    recomputed: float | None
    items_published: int | None
    items_recomputed: int | None


def with_recomputed_scores(board: Board, predictions: Predictions) -> tuple[Board, list[ScoreMismatch]]:
    """Return the board with the scores that the item scores give, and where they are not its own.

    A score whose predictions are absent is kept and counts as a mismatch.
    """
    mismatches: list[ScoreMismatch] = []
    rows = []
    for row in board.rows:
        seeds = tuple(_recomputed(board, row, result, predictions, mismatches) for result in row.seeds)
        rows.append(row.model_copy(update={"seeds": seeds}))
    return board.model_copy(update={"rows": tuple(rows)}), mismatches


def _recomputed(
    board: Board,
    row: BoardRow,
    result: SeedResult,
    predictions: Predictions,
    mismatches: list[ScoreMismatch],
) -> SeedResult:
    own = predictions.get((row.sequence, result.seed), {})
    headline, *others = (entry.name for entry in board.metrics[row.target])
    given = {headline: result.scores, **{name: result.secondary.get(name, {}) for name in others}}
    found: dict[str, dict[str, float]] = {}
    for name, scores in given.items():
        found[name] = dict(scores)
        for task in dict.fromkeys((*scores, *own)):
            item_scores = own[task].scores.get(name) if task in own else None
            recomputed = None if item_scores is None else item_scores.score
            counts = (result.items.get(task), len(own[task]) if task in own else None)
            if recomputed is not None and task in scores:
                found[name][task] = recomputed
            if scores.get(task) != recomputed or counts[0] != counts[1]:
                mismatches.append(
                    ScoreMismatch(
                        sequence=row.sequence,
                        seed=result.seed,
                        task=task,
                        metric=name,
                        published=scores.get(task),
                        recomputed=recomputed,
                        items_published=counts[0],
                        items_recomputed=counts[1],
                    )
                )
    items = {task: len(own[task]) if task in own else count for task, count in result.items.items()}
    secondary = {name: found[name] for name in others if found[name]}
    return result.model_copy(update={"scores": found[headline], "secondary": secondary, "items": items})


def item_score_faults(items: TaskItems) -> Iterator[tuple[str, str]]:
    """Yield a metric and what is wrong, where a task's item scores are not those of its metrics.

    Every metric judges the stored predictions by the stored references once more.
    """
    for name, stored in items.scores.items():
        try:
            again = items.scored_again([metric(name)])[name]
        except UserError as error:
            yield name, f"cannot be computed again: {error}"
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # A file from elsewhere may hold what is no prediction of the metric's kind.
            yield name, f"cannot be computed again from these predictions ({type(error).__name__}: {error})"
        else:
            count = _differing(stored, again)
            if count:
                yield name, f"{count:,} of {len(items):,} item scores are not what the predictions give"


def _differing(stored: ItemScores, again: ItemScores) -> int:
    if len(stored.numerators) != len(again.numerators):
        return len(stored.numerators)
    pairs = ((stored.numerators, again.numerators), (stored.denominators, again.denominators))
    same = [
        np.isclose(own.astype(np.float64), other.astype(np.float64), rtol=0, atol=SAME_SCORE)
        for own, other in pairs
    ]
    return int((~(same[0] & same[1])).sum())
