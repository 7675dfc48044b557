"""The item scores of one table: what every statistic over items is computed from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ItemTable:
    """Scores of the complete rows of one target, items summed within their cluster.

    A language's score is Σ numerators / Σ denominators over its clusters, for means (each item's denominator
    is 1) and for ratios of sums (span F1) alike. Numerators may have any numeric type, the narrower the
    better: 200 sequences with 5 seeds in XNLI's 15 languages are 75 million values.

    Attributes:
        sequences: The rows, (R,).
        orders: Their intermediate tasks, (R,).
        numerators: (R, seeds, languages, clusters); 0 where absent.
        denominators: The same, or with 1 in place of R and of seeds where all runs have the same.
        present: Whether a language has an item of a cluster, (languages, clusters).
        right_or_wrong: Whether items count once and are 0 or 1 (accuracy, exact match).
        higher_is_better: Whether a higher score is a better one.
    """

    sequences: tuple[str, ...]
    orders: tuple[tuple[str, ...], ...]
    numerators: npt.NDArray[Any]
    denominators: npt.NDArray[Any]
    present: npt.NDArray[np.bool_]
    right_or_wrong: bool = True
    higher_is_better: bool = True

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return int(self.present.shape[1])

    def language_scores(self) -> Floats:
        """Return the score of each row, seed and language, (R, seeds, languages); 0 where all is 0."""
        over, under = (_total(values) for values in (self.numerators, self.denominators))
        scores: Floats = np.divide(over, under, out=np.zeros_like(over), where=under > 0)
        return scores

    def influence_values(self) -> Floats:
        """Return what each cluster contributes to a row's average over languages, (R, seeds, clusters).

        Their mean over clusters is the average over languages of each language's score F. In one language a
        cluster's value is F + (n − F·d) / mean(d), n and d being its numerator and denominator: the influence
        function of a ratio of sums (Davison & Hinkley 1997, "Bootstrap Methods and their Application",
        section 2.7.2; Cochran 1977, "Sampling Techniques", section 6.3). For accuracy with every item in
        every language it is the share of languages answered rightly; where a language lacks items, its own
        deviations are weighted up.
        """
        scores = self.language_scores()
        languages = scores.shape[2]
        values = np.zeros((*scores.shape[:2], self.clusters))
        for language in range(languages):
            score = scores[:, :, language, None]
            over, under = self.numerators[:, :, language, :], self.denominators[:, :, language, :]
            total = _total(under)[..., None]
            weight = np.divide(self.clusters, total, out=np.zeros_like(total), where=total > 0)
            values += score + weight * (over - score * under)
        mean: Floats = values / languages
        return mean


def _total(values: npt.NDArray[Any]) -> Floats:
    """Add up clusters, whole numbers as such."""
    kind = np.int64 if values.dtype.kind in "iub" else np.float64
    total: Floats = values.sum(axis=-1, dtype=kind).astype(np.float64)
    return total
