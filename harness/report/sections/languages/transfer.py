"""Correlations of languages' scores and gains with distance to English and amount of pretraining text.

As in Lauscher et al. 2020, "From Zero to Hero: On the Limitations of Zero-Shot Language Transfer with
Multilingual Transformers" (https://aclanthology.org/2020.emnlp-main.363), for scores and for gains over
training on the target alone. English, the language of the training data, is left out.
"""

from collections.abc import Sequence

import numpy as np

from harness.frozen_model import FrozenModel
from harness.report.sections.languages.facts import (
    ENGLISH,
    LanguageFacts,
    language_facts,
    language_families,
)
from harness.report.sections.scores.statistics import RowStatistics, TargetStatistics
from harness.results.averages import SeedScores, complete_seeds, english_gap
from harness.results.board import Board
from harness.statistics.arrays import DECIMALS
from harness.statistics.correlation import (
    Correlation,
    Correlations,
    Floats,
    kendall,
    pearson,
    spearman,
)
from harness.statistics.spread import Spread

FEWEST_LANGUAGES = 4
SCORE, GAIN, _ALONE = "score", "gain", "target-only"
DISTANCE, SIZE = "syntactic distance to English", "pretraining text (log GiB)"


class LanguageScore(FrozenModel):
    """One language, averaged over the complete sequences.

    Attributes:
        family: Its family, of Indo-European languages their branch; None where the table lacks the language.
        distance: Syntactic distance to English; like `gibibytes` None where the tables lack the language.
        gibibytes: Its text in XLM-R's pretraining corpus.
        target_only: Score of training on the target alone, where the leaderboard has that row.
        gain: Over training on the target alone, mean of the sequences with intermediate tasks; None without.
    """

    language: str
    name: str
    family: str | None = None
    distance: float | None
    gibibytes: float | None
    score: float | None
    gain: float | None
    target_only: float | None = None


class Association(FrozenModel):
    """How scores or gains, averaged over sequences, go with a property of the languages."""

    measure: str
    factor: str
    languages: int
    spearman: Correlation | None
    kendall: Correlation | None
    pearson: Correlation | None


class RowTransfer(FrozenModel):
    """One complete sequence: its gap, the gap's change against target-only, and Spearman's correlations."""

    sequence: str
    gap: Spread | None
    gap_change: Spread | None
    score_distance: Correlation | None
    score_size: Correlation | None
    gain_distance: Correlation | None
    gain_size: Correlation | None


class LanguageTransfer(FrozenModel):
    """The languages of one target; no associations below four languages besides English."""

    languages: tuple[LanguageScore, ...]
    associations: tuple[Association, ...]
    rows: tuple[RowTransfer, ...]


def language_transfer(board: Board, target: str, statistics: TargetStatistics) -> LanguageTransfer:
    """Compute the gaps and correlations of one target from the means over seeds of its complete rows."""
    rows = [row for row in statistics.rows if row.average is not None]
    codes = list(dict.fromkeys(column.language for column in statistics.languages))
    scores = _means(statistics, rows, codes)
    baseline = [place for place, row in enumerate(rows) if row.baseline]
    trained = [place for place, row in enumerate(rows) if not row.baseline]
    tables = {SCORE: scores}
    if baseline and trained:
        tables[GAIN] = scores - scores[baseline]
    means = {
        SCORE: scores,
        _ALONE: scores[baseline],
        GAIN: tables[GAIN][trained] if GAIN in tables else scores[:0],
    }
    facts = [language_facts()[code] for code in codes if code in language_facts() and code != ENGLISH]
    factors = _factors(facts) if rows and len(facts) >= FEWEST_LANGUAGES else {}
    used = [codes.index(entry.language) for entry in facts]
    return LanguageTransfer(
        languages=_languages(codes, means) if rows else (),
        associations=tuple(
            _association(measure, factor, x, means[measure][:, used].mean(axis=0))
            for measure in tables
            for factor, x in factors.items()
        ),
        rows=_rows(
            rows,
            _gap_changes(board, target),
            {measure: table[:, used] for measure, table in tables.items()},
            factors,
        ),
    )


def _means(statistics: TargetStatistics, rows: Sequence[RowStatistics], codes: list[str]) -> Floats:
    """Return the mean over seeds, and over corpora where a language has several, (rows, languages)."""
    tasks = [[column.task for column in statistics.languages if column.language == code] for code in codes]
    means = [
        [np.mean([spread.mean for task in own if (spread := row.languages[task])]) for own in tasks]
        for row in rows
    ]
    return np.array(means, np.float64).reshape(len(rows), len(codes))


def _factors(facts: Sequence[LanguageFacts]) -> dict[str, Floats]:
    return {
        DISTANCE: np.array([entry.distance for entry in facts]),
        SIZE: np.log([entry.gibibytes for entry in facts]),
    }


def _languages(codes: list[str], means: dict[str, Floats]) -> tuple[LanguageScore, ...]:
    def mean(measure: str, place: int) -> float | None:
        column = means[measure][:, place]
        return round(float(column.mean()), DECIMALS) if len(column) else None

    known, families = language_facts(), language_families()
    return tuple(
        LanguageScore(
            language=code,
            name=families[code].name if code in families else code,
            family=families[code].family if code in families else None,
            distance=round(known[code].distance, DECIMALS) if code in known else None,
            gibibytes=known[code].gibibytes if code in known else None,
            score=mean(SCORE, place),
            target_only=mean(_ALONE, place),
            gain=mean(GAIN, place),
        )
        for place, code in enumerate(codes)
    )


def _association(measure: str, factor: str, x: Floats, y: Floats) -> Association:
    return Association(
        measure=measure,
        factor=factor,
        languages=len(x),
        spearman=spearman(x, y[None])[0],
        kendall=kendall(x, y[None])[0],
        pearson=pearson(x, y[None])[0],
    )


def _rows(
    rows: Sequence[RowStatistics],
    changes: dict[str, Spread],
    tables: dict[str, Floats],
    factors: dict[str, Floats],
) -> tuple[RowTransfer, ...]:
    found = {
        (measure, factor): spearman(x, table)
        for measure, table in tables.items()
        for factor, x in factors.items()
    }
    nothing: Correlations = [None] * len(rows)

    def of(measure: str, factor: str, place: int) -> Correlation | None:
        return found.get((measure, factor), nothing)[place]

    return tuple(
        RowTransfer(
            sequence=row.sequence,
            gap=row.gap,
            gap_change=changes.get(row.sequence),
            score_distance=of(SCORE, DISTANCE, place),
            score_size=of(SCORE, SIZE, place),
            gain_distance=of(GAIN, DISTANCE, place),
            gain_size=of(GAIN, SIZE, place),
        )
        for place, row in enumerate(rows)
    )


def _gap_changes(board: Board, target: str) -> dict[str, Spread]:
    """Return each row's gap minus that of target-only, seed by seed."""
    columns = board.languages[target]
    rows = [(row, complete_seeds(board, row)) for row in board.rows_of(target)]
    baseline = next((seeds for row, seeds in rows if not row.order), None)
    found: dict[str, Spread] = {}
    if baseline is None:
        return found

    def gaps(seeds: list[SeedScores]) -> list[float | None]:
        return [english_gap(scores, columns) for scores in seeds]

    for row, seeds in rows:
        if seeds is None or not row.order:
            continue
        pairs = zip(gaps(seeds), gaps(baseline), strict=True)
        differences = [own - other for own, other in pairs if own is not None and other is not None]
        if len(differences) == len(seeds):
            found[row.sequence] = Spread.of(differences)
    return found
