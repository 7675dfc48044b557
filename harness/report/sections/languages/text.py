"""Gap and languages as sentences and tables, for a page and for a terminal."""

from collections.abc import Iterator, Sequence

from harness.report.notation import EMPTY, p_value, spread
from harness.report.sections.languages.facts import ENGLISH
from harness.report.sections.languages.transfer import (
    DISTANCE,
    FEWEST_LANGUAGES,
    GAIN,
    SCORE,
    SIZE,
    Association,
    LanguageTransfer,
    RowTransfer,
)
from harness.report.table import Table
from harness.results.target_metric import Scale, TargetMetric
from harness.statistics.arrays import ALPHA
from harness.statistics.correlation import Correlation, least_p


def language_sentences(transfer: LanguageTransfer, metric: TargetMetric) -> Iterator[str]:
    """Say how the gap varies, what scores and gains are correlated with, and what that does not show."""
    yield from _gap(transfer, metric.scale)
    others = [entry for entry in transfer.languages if entry.language != ENGLISH]
    known = [entry for entry in others if entry.distance is not None]
    if not transfer.associations:
        if others:
            yield (
                f"No correlation over {len(known)} language{'' if len(known) == 1 else 's'} besides English: "
                f"at least {FEWEST_LANGUAGES} are needed."
            )
        return
    yield from (_sentence(association, metric) for association in transfer.associations)
    count = len(known)
    yield (
        f"Limits: with {count} languages a perfect rank correlation has p {p_value(least_p(count))}; "
        "languages of one family are not independent, distance and amount of text are correlated, and these "
        "p-values are not corrected for multiple testing."
    )
    if unknown := [entry.language for entry in others if entry.distance is None]:
        yield f"Left out, because no distance or size is known: {', '.join(unknown)}."


def _gap(transfer: LanguageTransfer, scale: Scale) -> Iterator[str]:
    gaps = sorted((row.gap.mean, row.sequence) for row in transfer.rows if row.gap is not None)
    if not gaps:
        return
    (least, first), (most, last) = gaps[0], gaps[-1]
    if len(gaps) == 1:
        yield f"The gap to English is {scale.with_unit(least)} ({first})."
    else:
        yield (
            f"The gap to English is between {scale.difference(least)} ({first}) and "
            f"{scale.with_unit(most)} ({last})."
        )


def _sentence(association: Association, metric: TargetMetric) -> str:
    what = f"Mean {metric.noun}" if association.measure == SCORE else "Mean gain over target-only"
    rho = association.spearman
    if rho is None:
        return f"{what} is the same in all languages."
    factor = {DISTANCE: "syntactic distance to English", SIZE: "the amount of pretraining text"}
    significant = "significantly" if rho.p < ALPHA else "not significantly"
    sign = "positively" if rho.value > 0 else "negatively"
    correlated = f"{significant} correlated" if rho.p >= ALPHA else f"{significant} and {sign} correlated"
    found = f"Spearman's ρ {_signed(rho.value)}, p {p_value(rho.p)}, {association.languages} languages"
    return f"{what} is {correlated} with {factor[association.factor]} ({found})."


def language_tables(transfer: LanguageTransfer, metric: TargetMetric) -> Iterator[tuple[str, Table]]:
    """Yield the titles and tables that have something in them."""
    if transfer.languages:
        yield "Languages, averaged over the complete sequences", _languages(transfer, metric)
    if transfer.associations:
        yield "Correlations over languages, English left out", _associations(transfer.associations, metric)
    if transfer.rows:
        yield "Gap of each sequence, and its Spearman correlations over languages", _rows(transfer, metric)


def _languages(transfer: LanguageTransfer, metric: TargetMetric) -> Table:
    headers = ("language", "family", "syntactic distance", "pretraining GiB", metric.noun, "gain")
    rows = tuple(
        (
            f"{entry.name} ({entry.language})",
            entry.family or EMPTY,
            EMPTY if entry.distance is None else f"{entry.distance:.2f}",
            EMPTY if entry.gibibytes is None else f"{entry.gibibytes:.1f}",
            EMPTY if entry.score is None else metric.scale.value(entry.score),
            EMPTY if entry.gain is None else metric.scale.difference(entry.gain),
        )
        for entry in transfer.languages
    )
    return Table(headers, rows, frozenset({"language", "family"}))


def _associations(associations: Sequence[Association], metric: TargetMetric) -> Table:
    headers = ("of", "with", "languages", "Spearman ρ", "Kendall τ", "Pearson r")
    rows = tuple(
        (
            metric.noun if entry.measure == SCORE else entry.measure,
            entry.factor,
            str(entry.languages),
            *map(_correlation, (entry.spearman, entry.kendall, entry.pearson)),
        )
        for entry in associations
    )
    return Table(headers, rows, frozenset(headers[:2]))


def _rows(transfer: LanguageTransfer, metric: TargetMetric) -> Table:
    pairs = tuple(f"{what} ~ {factor}" for what in (metric.noun, GAIN) for factor in ("distance", "size"))
    headers = ("order", "gap", "gap − target-only", *(pairs if transfer.associations else ()))
    rows = tuple(
        (
            row.sequence,
            spread(row.gap, metric.scale, signed=True),
            spread(row.gap_change, metric.scale, signed=True),
            *(_correlation(value) for value in _row_correlations(row) if transfer.associations),
        )
        for row in transfer.rows
    )
    return Table(headers, rows, frozenset({"order"}))


def _row_correlations(row: RowTransfer) -> tuple[Correlation | None, ...]:
    return row.score_distance, row.score_size, row.gain_distance, row.gain_size


def _correlation(value: Correlation | None) -> str:
    return EMPTY if value is None else f"{_signed(value.value)} (p {p_value(value.p)})"


def _signed(value: float) -> str:
    text = f"{value:+.2f}"
    return "0.00" if text in {"+0.00", "-0.00"} else text
