"""Micro-averaged F1 of what an answer is made of: the shared part of span, chunk and pair F1."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from harness.metrics.base import ItemScore, Metric, f1_share


class SetF1(Metric):
    """F1, 0 to 1, of the members of all answers' sets; 0 where there is none.

    A ratio of sums: of each item twice the members that are right, over those predicted and those due.
    """

    title = "F1"
    lm_eval = "f1"
    aggregate = "ratio"

    @abstractmethod
    def members(self, answer: Sequence[Any]) -> set[Any]:
        """Return what an answer, predicted or due, is made of."""

    def item_scores(
        self, predictions: Sequence[Sequence[Any]], references: Sequence[Sequence[Any]]
    ) -> list[ItemScore]:
        """Return each item's share."""
        pairs = zip(predictions, references, strict=True)
        sets = ((self.members(guess), self.members(due)) for guess, due in pairs)
        return [f1_share(len(given & wanted), len(given), len(wanted)) for given, wanted in sets]
