"""Runs that did not learn: the same prediction for every item, a score at chance, or a loss that rose.

Only accuracy has a chance level that needs no model of guessing: the share of the commonest label. One test
compares the mean over languages with it, items clustered across languages, one-sided at 5%. Under other
metrics a run at chance is not recognized; one prediction for every item, and a risen loss, are.
"""

import statistics
from collections.abc import Iterator
from typing import Literal

import numpy as np

from harness.frozen_model import FrozenModel
from harness.message_text import names_in_short
from harness.metrics.item_scores import Predictions, TaskItems, Texts
from harness.report.blocks import Block, Callout
from harness.report.publication import Publication
from harness.report.section import Results, TargetSection
from harness.results.board import Board, BoardRow, EvaluatedLanguage, SeedResult
from harness.results.predictions import evaluated
from harness.statistics.arrays import Floats
from harness.statistics.collapse import CHANCE_LEVEL, above_chance

_ACCURACY = "accuracy"


class Collapse(FrozenModel):
    """One run of a target that did not learn it; its scores are kept and count like all others.

    Attributes:
        kind: `constant`: one prediction for every item; `chance`: the mean over languages is not
            significantly above what the commonest labels would give; `loss`: a stage's training loss rose.
        whole: Whether it shows in every language.
        tasks: The evaluation tasks that show it; none for `loss`.
        detail: What was seen.
    """

    sequence: str
    seed: int
    kind: Literal["constant", "chance", "loss"]
    whole: bool = True
    tasks: tuple[str, ...]
    detail: str


class Collapses(FrozenModel):
    """The runs of a target that did not learn it, in the order of the board."""

    runs: tuple[Collapse, ...]


def collapses(board: Board, target: str, predictions: Predictions | None) -> tuple[Collapse, ...]:
    """Find the runs that did not learn, in the order of the board; without predictions only by their loss."""
    found: list[Collapse] = []
    for row, result in evaluated(board):
        if row.target != target:
            continue
        answers = (predictions or {}).get((row.sequence, result.seed), {})
        columns = [column for column in board.languages[row.target] if column.task in answers]
        constant = list(_constant(row, result, columns, answers))
        found += constant
        has_chance_level = board.metrics[row.target][0].name == _ACCURACY
        if has_chance_level and not any(len(run.tasks) == len(columns) for run in constant):
            found += _chance(row, result, columns, answers)
        found += [
            Collapse(sequence=row.sequence, seed=result.seed, kind="loss", tasks=(), detail=note)
            for note in result.notes
        ]
    return tuple(found)


def _constant(
    row: BoardRow, result: SeedResult, columns: list[EvaluatedLanguage], answers: dict[str, TaskItems]
) -> Iterator[Collapse]:
    same = [column for column in columns if _is_constant(answers[column.task])]
    if same:
        given = sorted({str(answers[column.task].predictions.values[0]) for column in same})
        yield Collapse(
            sequence=row.sequence,
            seed=result.seed,
            kind="constant",
            whole=len(same) == len(columns),
            tasks=tuple(column.task for column in same),
            detail=f"one prediction for every item ({names_in_short(given)}) in {_languages(same, columns)}",
        )


def _chance(
    row: BoardRow, result: SeedResult, columns: list[EvaluatedLanguage], answers: dict[str, TaskItems]
) -> Iterator[Collapse]:
    if not columns:
        return
    items = [answers[column.task] for column in columns]
    chance = statistics.fmean(_commonest_share(own.references) for own in items)
    p = above_chance(_mean_over_languages(items), chance)
    if p >= CHANCE_LEVEL:
        yield Collapse(
            sequence=row.sequence,
            seed=result.seed,
            kind="chance",
            tasks=tuple(column.task for column in columns),
            detail=f"not significantly above the commonest labels' share ({chance:.1%}, p {p:.2f})",
        )


def _is_constant(answers: TaskItems) -> bool:
    return len(answers) > 1 and len(answers.predictions.values) == 1


def _mean_over_languages(items: list[TaskItems]) -> Floats:
    """Return what each cluster contributes to the mean over languages, (clusters,).

    Clusters that stand in several languages under one name are one.
    """
    names = {
        name: place
        for place, name in enumerate(dict.fromkeys(n for own in items for n in own.clusters.values))
    }
    values = np.zeros(len(names))
    for own in items:
        score, scores = own.score, next(iter(own.scores.values()))
        places = np.array([names[name] for name in own.clusters.values], np.int64)[own.clusters.codes]
        excess = scores.numerators.astype(np.float64) - score
        values += score + len(names) / len(own) * np.bincount(places, excess, minlength=len(names))
    mean: Floats = values / len(items)
    return mean


def _commonest_share(references: Texts) -> float:
    return int(np.bincount(references.codes).max()) / len(references)


def _languages(some: list[EvaluatedLanguage], every: list[EvaluatedLanguage]) -> str:
    if len(some) == len(every):
        return "every language"
    return f"{len(some)} of {len(every)} languages ({', '.join(column.language for column in some)})"


class CollapsesSection(TargetSection[Collapses]):
    """Names the runs that did not learn."""

    name, place, model = "collapses", 250, Collapses

    def compute(self, results: Results, target: str) -> Collapses | None:
        """Return the runs; None where all learned."""
        runs = collapses(results.board, target, results.predictions)
        return Collapses(runs=runs) if runs else None

    def blocks(self, data: Collapses, publication: Publication, target: str) -> Iterator[Block]:
        """Yield the list of them."""
        lines = tuple(f"{run.sequence}, seed {run.seed}: {run.detail}" for run in data.runs)
        yield Callout("**Did not learn**, and counted like the others:", lines)

    def notes(self, publication: Publication) -> Iterator[str]:
        """Say where a score at chance is not recognized."""
        if any(metrics[0].name != _ACCURACY for metrics in publication.board.metrics.values()):
            yield (
                "**Did not learn**: a score at chance is recognized for accuracy only; other metrics have no "
                "chance level, so of them only constant predictions and risen losses are named."
            )


COLLAPSES = CollapsesSection()
