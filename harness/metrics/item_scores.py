"""The items of an evaluation task with their scores, as metrics give them and statistics take them."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from harness.errors import RunError
from harness.metrics.base import Metric

Array = npt.NDArray[Any]
_NAMED = 5


class PredictionsError(RunError):
    """Predictions are missing, damaged, or do not belong to the board."""


def encode(value: Any) -> str:
    """Write a prediction or reference: a text as it stands unless it would read as JSON, all else as JSON."""
    return (
        value if isinstance(value, str) and decode(value) is value else json.dumps(value, ensure_ascii=False)
    )


def decode(text: str) -> Any:
    """Read what `encode` wrote."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


@dataclass(frozen=True)
class Texts:
    """A column of text as codes of its distinct values: `values[codes[i]]` is the i-th text.

    Attributes:
        codes: (items,), the narrowest unsigned integers that hold them.
        values: The distinct texts, strings, (n,).
    """

    codes: Array
    values: npt.NDArray[np.object_]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Texts":
        """Encode texts."""
        return cls.encoded(pa.array(texts, pa.string()).dictionary_encode())

    @classmethod
    def encoded(cls, column: Any) -> "Texts":
        """Take over a dictionary array, leaving out values that none of its rows has."""
        given, size = column.indices.to_numpy(), len(column.dictionary)
        if size <= len(given):
            used = np.flatnonzero(np.bincount(given, minlength=size))
            places = np.zeros(size, np.int64)
            places[used] = np.arange(len(used))
            codes = places[given]
        else:
            used, codes = np.unique(given, return_inverse=True)
        values = column.dictionary.take(pa.array(used)).to_numpy(zero_copy_only=False)
        return cls(codes.astype(np.min_scalar_type(max(len(used) - 1, 0))), values.astype(object))

    def __len__(self) -> int:
        return len(self.codes)

    def decoded(self) -> npt.NDArray[np.object_]:
        """Return the texts, (items,)."""
        texts: npt.NDArray[np.object_] = self.values[self.codes]
        return texts

    def differing(self, other: "Texts") -> npt.NDArray[np.int64]:
        """Return the positions at which two columns of one length have other texts."""
        if self is other:
            return np.zeros(0, np.int64)
        known = {text: code for code, text in enumerate(self.values)}
        own = np.array([known.get(text, -1) for text in other.values], np.int64)
        return np.flatnonzero(self.codes != own[other.codes] if len(other) else [])

    def equals(self, other: "Texts") -> bool:
        """Whether both columns hold the same texts."""
        return len(self) == len(other) and not len(self.differing(other))

    def array(self) -> Any:
        """Return the column as a dictionary array of Arrow's."""
        codes = pa.array(self.codes.astype(np.int32))
        return pa.DictionaryArray.from_arrays(codes, pa.array(self.values, pa.string()))


@dataclass(frozen=True)
class ItemScores:
    """The scores of a task's items under one metric.

    Attributes:
        numerators: (items,), finite; kept in the narrowest type that holds them exactly.
        denominators: The same, not negative; 1 for each item where the score is a mean.
    """

    numerators: Array
    denominators: Array

    @classmethod
    def of(cls, numerators: Iterable[float] | Array, denominators: Iterable[float] | Array) -> "ItemScores":
        """Take scores over.

        Raises:
            ValueError: They are of two lengths, not finite, or a denominator is negative.
        """
        over, under = (
            np.asarray(values if isinstance(values, np.ndarray) else list(values), np.float64)
            for values in (numerators, denominators)
        )
        if over.shape != under.shape or not (np.isfinite(over).all() and np.isfinite(under).all()):
            raise ValueError("item scores are finite, with one numerator and one denominator for each item")
        if (under < 0).any():
            raise ValueError("a denominator of an item score is negative")
        return cls(_narrow(over), _narrow(under))

    @classmethod
    def by(cls, metric: Metric, predictions: Sequence[Any], references: Sequence[Any]) -> "ItemScores":
        """Score predictions by a metric."""
        return cls.of(*np.array(metric.item_scores(predictions, references), np.float64).reshape(-1, 2).T)

    @property
    def score(self) -> float:
        """The task's score, Σ numerator / Σ denominator; 0 where there is nothing to divide by."""
        under = _sum(self.denominators)
        return _sum(self.numerators) / under if under else 0.0

    @property
    def standard_error(self) -> float | None:
        """The standard error of a mean over independent items; None of a ratio, or of one item."""
        if len(self.numerators) < 2 or not (self.denominators == 1).all():
            return None
        return float(np.std(self.numerators.astype(np.float64), ddof=1) / math.sqrt(len(self.numerators)))

    @property
    def right_or_wrong(self) -> bool:
        """Whether each item counts once and is 0 or 1, as under accuracy and exact match."""
        return bool((self.denominators == 1).all()) and bool(np.isin(self.numerators, (0, 1)).all())

    def equals(self, other: "ItemScores") -> bool:
        """Whether all numerators and denominators are the same."""
        return np.array_equal(self.numerators, other.numerators) and np.array_equal(
            self.denominators, other.denominators
        )


@dataclass(frozen=True)
class TaskItems:
    """One checkpoint's predictions on one task with their scores, all columns (items,), in evaluation order.

    Attributes:
        scores: Metric -> item scores, the headline metric first; at least one.
    """

    task: str
    language: str
    items: Texts
    clusters: Texts
    predictions: Texts
    references: Texts
    scores: Mapping[str, ItemScores]

    def __post_init__(self) -> None:
        sizes = {len(self.items), len(self.clusters), len(self.predictions), len(self.references)}
        sizes |= {len(scores.numerators) for scores in self.scores.values()}
        if len(sizes) != 1 or not self.scores:
            raise ValueError(f"{self.task}: columns of {sorted(sizes)} items, metrics {list(self.scores)}")

    @classmethod
    def of(
        cls,
        task: str,
        language: str,
        items: Sequence[str],
        predictions: Sequence[str],
        references: Sequence[str],
        scores: Mapping[str, ItemScores],
        clusters: Sequence[str] | None = None,
    ) -> "TaskItems":
        """Encode the columns of a task; without `clusters` every item id is a cluster of its own.

        Raises:
            ValueError: The columns are of several lengths, or there is no metric.
        """
        ids, predicted, expected = (Texts.of(texts) for texts in (items, predictions, references))
        grouped = ids if clusters is None else Texts.of(clusters)
        return cls(task, language, ids, grouped, predicted, expected, scores)

    @classmethod
    def scored(
        cls,
        task: str,
        language: str,
        items: Sequence[str],
        predictions: Sequence[Any],
        references: Sequence[Any],
        metrics: Sequence[Metric],
        clusters: Sequence[str] | None = None,
    ) -> "TaskItems":
        """Score predictions, as a task's kind gives them, by its metrics, the headline metric first."""
        scores = {
            own.name: ItemScores.by(own.for_language(language), predictions, references) for own in metrics
        }
        predicted, expected = (list(map(encode, values)) for values in (predictions, references))
        return cls.of(task, language, items, predicted, expected, scores, clusters)

    def scored_again(self, metrics: Sequence[Metric]) -> dict[str, ItemScores]:
        """Return what metrics make of the predictions and references as they are stored."""
        columns = [
            np.array([decode(text) for text in column.values] + [None], object)[:-1][column.codes].tolist()
            for column in (self.predictions, self.references)
        ]
        return {own.name: ItemScores.by(own.for_language(self.language), *columns) for own in metrics}

    def __len__(self) -> int:
        return len(self.items)

    @property
    def metric(self) -> str:
        """The headline metric."""
        return next(iter(self.scores))

    @property
    def score(self) -> float:
        """The score under the headline metric."""
        return self.scores[self.metric].score

    def difference(self, other: "TaskItems") -> str | None:
        """Describe what is not the same in another checkpoint's answers; None where nothing is."""
        if not self.items.equals(other.items):
            return f"{len(self)} items against {len(other)} or other items"
        for what, own, others in (
            ("references", self.references, other.references),
            ("predictions", self.predictions, other.predictions),
        ):
            places = own.differing(others)
            if len(places):
                return f"{len(places)} of {len(own)} {what} differ ({self._named(places)})"
        if list(self.scores) != list(other.scores):
            return f"scored by {', '.join(self.scores)} against {', '.join(other.scores)}"
        changed = [name for name, own in self.scores.items() if not own.equals(other.scores[name])]
        return f"item scores of {', '.join(changed)} differ" if changed else None

    def _named(self, places: npt.NDArray[np.int64]) -> str:
        names = self.items.values[self.items.codes[places[:_NAMED]]]
        return f"items {', '.join(map(str, names))}{', …' if len(places) > _NAMED else ''}"


Checkpoint = tuple[str, int]
Predictions = dict[Checkpoint, dict[str, TaskItems]]


def _narrow(values: Array) -> Array:
    """Return the values in the narrowest type that holds all of them exactly."""
    for kind in (np.uint8, np.int32, np.float32):
        with np.errstate(invalid="ignore", over="ignore"):
            narrow = values.astype(kind)
        if np.array_equal(narrow, values):
            return narrow
    return values


def _sum(values: Array) -> float:
    """Add up alike on every processor: whole numbers as such, others without rounding in between."""
    return float(values.sum(dtype=np.int64)) if values.dtype.kind in "ui" else math.fsum(values.tolist())
