"""Columns of predictions that many checkpoints have alike."""

from typing import Any

import numpy as np

from harness.metrics.item_scores import Array, ItemScores, Texts


class SharedColumns:
    """Columns by task, so that what all checkpoints have alike is one object: 5,000 evaluations share it."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], tuple[Array, Any, Texts]] = {}
        self._denominators: dict[tuple[str, str], Array] = {}

    def texts(self, task: str, column: str, rows: Any) -> Texts:
        """Return a column, which must not be written to."""
        codes, known = rows.indices.to_numpy(), self._texts.get((task, column))
        if known is None or not np.array_equal(known[0], codes) or not known[1].equals(rows.dictionary):
            # A copy of the codes: a slice would keep the whole file's table in memory.
            known = self._texts[task, column] = (codes.copy(), rows.dictionary, Texts.encoded(rows))
        return known[2]

    def scores(self, task: str, metric: str, scores: ItemScores) -> ItemScores:
        """Return the scores with the denominators of the checkpoint before, where they are the same."""
        known = self._denominators.setdefault((task, metric), scores.denominators)
        if not np.array_equal(known, scores.denominators):
            self._denominators[task, metric] = scores.denominators
            return scores
        return ItemScores(scores.numerators, known)
