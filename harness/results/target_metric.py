"""The metric of a target as pages name it and write its scores."""

from dataclasses import dataclass
from typing import Literal

from harness.frozen_model import FrozenModel
from harness.metrics.base import Metric
from harness.results.shown_name import ShownName


@dataclass(frozen=True)
class Scale:
    """How scores are written: their factor and decimals, and what differences are counted in."""

    factor: float
    decimals: int
    unit: str

    def value(self, score: float) -> str:
        """Write a score: 0.58334 as `58.3` where it is a share."""
        return f"{score * self.factor:.{self.decimals}f}"

    def difference(self, score: float) -> str:
        """Write a difference with its sign: 0.0123 as `+1.2`; what rounds to zero has none."""
        text = f"{score * self.factor:+.{self.decimals}f}"
        return text if text.strip("+-0.") else text[1:]

    def with_unit(self, score: float) -> str:
        """Write a difference with its unit: `+1.2 points`."""
        return f"{self.difference(score)} {self.unit}".rstrip()


PERCENT = Scale(100, 1, "points")


class TargetMetric(FrozenModel):
    """What a target is scored by.

    Attributes:
        name: In the registry of metrics.
        title: Of columns.
        unit: `%` for shares, else the unit of the values, or nothing.
        higher_is_better: Whether a higher score is a better one.
        aggregate: `mean` of items, or `ratio` of sums over items.
    """

    name: ShownName
    title: ShownName
    unit: str
    higher_is_better: bool
    aggregate: Literal["mean", "ratio"]

    @classmethod
    def of(cls, metric: Metric) -> "TargetMetric":
        """Describe a metric of the registry."""
        return cls(
            name=metric.name,
            title=metric.title,
            unit=metric.unit,
            higher_is_better=metric.higher_is_better,
            aggregate=metric.aggregate,
        )

    @property
    def noun(self) -> str:
        """The title within a sentence: `accuracy`, `F1`, `Pearson's r`."""
        first = self.title.split()[0].lower()
        common = first in self.name.split("_") and self.title[1:2].islower()
        return self.title[0].lower() + self.title[1:] if common else self.title

    @property
    def phrase(self) -> str:
        """The noun with its unit: `accuracy in percent`."""
        unit = "percent" if self.unit == "%" else self.unit
        return f"{self.noun} in {unit}" if unit else self.noun

    @property
    def scale(self) -> Scale:
        """How its scores are written."""
        return PERCENT if self.unit == "%" else Scale(1, 3, self.unit)

    @property
    def sign(self) -> int:
        """What scores are multiplied with so that higher is better."""
        return 1 if self.higher_is_better else -1
