"""Averages over languages within a seed; none where a score that it needs is missing."""

import statistics
from collections.abc import Sequence

import numpy as np

from harness.results.board import Board, BoardRow, EvaluatedLanguage
from harness.statistics.arrays import Floats

SOURCE_LANGUAGE = "en"

SeedScores = dict[str, float]


def complete_seeds(board: Board, row: BoardRow) -> list[SeedScores] | None:
    """Return the scores of every seed of the board, or None when a seed of this row failed or is missing."""
    results = [row.seed(seed) for seed in board.seeds]
    if any(result is None or result.status != "ok" for result in results):
        return None
    return [dict(result.scores) for result in results if result is not None]


def complete_rows(board: Board, target: str) -> list[tuple[BoardRow, list[SeedScores]]]:
    """Return the rows that have a score for every seed and language, with the scores of each seed."""
    columns = board.languages[target]
    return [
        (row, seeds)
        for row in board.rows_of(target)
        if (seeds := complete_seeds(board, row)) is not None
        and all(average(scores, columns) is not None for scores in seeds)
    ]


def average(scores: SeedScores, columns: Sequence[EvaluatedLanguage]) -> float | None:
    """Return one seed's mean score over the columns, None when one is missing or there is none."""
    if not columns or any(column.task not in scores for column in columns):
        return None
    return statistics.fmean(scores[column.task] for column in columns)


def non_english_average(scores: SeedScores, columns: Sequence[EvaluatedLanguage]) -> float | None:
    """Return one seed's mean score over the columns in other languages than English."""
    return average(scores, [column for column in columns if column.language != SOURCE_LANGUAGE])


def english_gap(scores: SeedScores, columns: Sequence[EvaluatedLanguage]) -> float | None:
    """Return one seed's English score minus its non-English average (XTREME's transfer gap).

    Source: Hu et al. 2020, "XTREME", section 5 (https://arxiv.org/abs/2003.11080).
    """
    english = average(scores, [column for column in columns if column.language == SOURCE_LANGUAGE])
    others = non_english_average(scores, columns)
    return None if english is None or others is None else english - others


def complete_scores(board: Board, target: str) -> Floats:
    """Return the scores of the complete rows, (rows, seeds, languages)."""
    columns, rows = board.languages[target], complete_rows(board, target)
    scores = [[[seed[column.task] for column in columns] for seed in seeds] for _, seeds in rows]
    return np.array(scores, np.float64).reshape(len(rows), len(board.seeds), len(columns))
