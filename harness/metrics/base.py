"""A metric, and what it gives each evaluation item."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple


class ItemScore(NamedTuple):
    """One item's share of a score.

    Attributes:
        numerator: What is summed over items.
        denominator: What its sum is divided by; 1 for metrics that are means over items.
    """

    numerator: float
    denominator: float = 1.0


class Metric(ABC):
    """One way to judge predictions by references.

    The score of a task is the sum of its items' numerators over the sum of their denominators, so that a
    bootstrap over items or clusters of them serves every metric.

    Attributes:
        name: The metric's name, in files and in the registry.
        title: What tables call it.
        lm_eval: What lm-eval's results call it (`f1` of `f1,none`); default: the name.
        unit: `%` for shares of 1, which tables show times 100; else the unit of the values, or nothing.
        higher_is_better: Whether a higher score is a better one.
        aggregate: mean: every denominator is 1; ratio: a ratio of sums (span F1).
    """

    name: ClassVar[str]
    title: ClassVar[str]
    lm_eval: ClassVar[str] = ""
    unit: ClassVar[str] = "%"
    higher_is_better: ClassVar[bool] = True
    aggregate: ClassVar[Literal["mean", "ratio"]] = "mean"

    @property
    def results_name(self) -> str:
        """What lm-eval's results call it."""
        return self.lm_eval or self.name

    def for_language(self, language: str) -> "Metric":
        """Return the metric for items in a language (ISO 639 code); most are the same in all."""
        return self

    @abstractmethod
    def item_scores(self, predictions: Sequence[Any], references: Sequence[Any]) -> list[ItemScore]:
        """Return each item's share of the score.

        Args:
            predictions: Of each item, what was predicted, as the task's kind writes it (text or JSON).
            references: Of each item, what was due.
        """

    def score(self, predictions: Sequence[Any], references: Sequence[Any]) -> float:
        """Return the score of all items."""
        return ratio_of_sums(self.item_scores(predictions, references))


def ratio_of_sums(scores: Sequence[ItemScore]) -> float:
    """Return the score that items' shares make up; 0 where the denominators sum to 0."""
    total = sum(score.denominator for score in scores)
    return sum(score.numerator for score in scores) / total if total else 0.0


def f1_share(right: int, predicted: int, due: int) -> ItemScore:
    """Return an item's share of a micro-averaged F1: twice what is right, over what is predicted and due."""
    return ItemScore(2.0 * right, float(predicted + due))
