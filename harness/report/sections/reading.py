"""How to read a leaderboard: what its columns, intervals and tests are."""

from collections.abc import Iterator

from harness.report.blocks import Block, Heading, Markup
from harness.report.notation import EMPTY, inline
from harness.report.publication import Publication
from harness.report.section import BoardSection, Nothing, Results
from harness.report.sections.scores.section import SCORES
from harness.results.board import Board


class ReadingSection(BoardSection[Nothing]):
    """Explains the tables, and lists the notes of all other sections."""

    name, place, model = "reading", 1200, Nothing

    def compute(self, results: Results) -> Nothing:
        """Return nothing: what is explained follows from the board."""
        return Nothing()

    def blocks(self, data: Nothing, publication: Publication) -> Iterator[Block]:
        """Yield one list."""
        yield Heading("How to read", 2)
        notes = [*_basics(publication)]
        notes += [note for section in publication.shown() for note in section.notes(publication)]
        yield Markup("\n".join(f"- {note}" for note in notes))


def _basics(publication: Publication) -> Iterator[str]:
    """Yield what holds for all tables."""
    board = publication.board
    shares = all(metrics[0].unit == "%" for metrics in board.metrics.values())
    yield (
        f"{_scored_by(board)} on the {_splits(board)}; "
        "training data is English, other languages are zero-shot."
    )
    yield "**average**: of all languages; **non-English**: of all but English; **gap**: English − those."
    yield (
        "**Δ target-only**: average minus that of training on the target alone, seed by seed"
        f"{', in points' if shares else ''}."
    )
    seeds = len(board.seeds)
    spread = (
        f"± is the standard deviation (n − 1) over {seeds} seeds."
        if seeds > 1
        else "One seed: there is no standard deviation."
    )
    yield f"{spread} The best of a column is bold."
    yield f"{EMPTY}: a seed failed, was not run or lacks a language; averages need all seeds and languages."
    tables = (publication.of(SCORES, target) for target in board.targets)
    if any(row.shrunken is not None for table in tables if table for row in table.rows):
        yield from _tests(board)


def _tests(board: Board) -> Iterator[str]:
    """Yield what the tests are; docs/explanation/statistics.md says it at length."""
    plan, targets = board.analysis, len(board.targets)
    yield (
        "**95%**: confidence intervals over training runs and test items. Items are clustered with their "
        "translations (Sellam et al. 2022; Miller 2024); runs that share trained stages are correlated, as "
        "estimated. The intervals of Δ and of pairs are simultaneous (Dunnett 1955; Hothorn et al. 2008). "
        "A row with a collapsed run has none."
    )
    if len(board.seeds) == 1:
        yield "One seed: intervals are over test items only, and no difference is testable."
        return
    primary = ", ".join(str(contrast) for contrast in plan.contrasts) or "none"
    corrected = len(plan.contrasts) * targets
    yield (
        f"**Primary** (declared in the sequence file): {inline(primary)}; p-values corrected for "
        f"{corrected} such test{'' if corrected == 1 else 's'} on this page. Everything else is exploratory: "
        "corrected within its table only."
    )
    yield (
        "**Order**: pairs of sequences with the same tasks (max-T, nine tenths of the level) and an omnibus "
        "test of all their orders (one tenth); where runs collapsed, the omnibus test first. **Verdicts** at "
        "0.05: "
        f"significant, equivalent (within ±{plan.equivalence_margin:g} points by two one-sided tests), not "
        "significant, not testable; **≈**: not significant."
    )
    yield (
        "**ranks**: a confidence set for the rank; **ties**: rows that share a letter do not differ "
        "significantly; **shrunken**: empirical Bayes estimate, the average shrunken toward the mean of all "
        "rows; **Δ/σ**: the difference over the standard deviation of a run; **P(better)**: the probability "
        "that a run of the first scores higher than one of the second with the same seed."
    )
    looks = ", ".join(map(str, plan.looks))
    if looks:
        yield (
            f"Published before with {looks} seeds of {plan.planned_seeds} planned: levels by alpha spending "
            "(Lan & DeMets 1983)."
        )


def _splits(board: Board) -> str:
    """Name the split, and the targets that are scored on another."""
    made = board.provenance
    own = ", ".join(f"{target} on {split}" for target, split in made.splits.items())
    return inline(f"{made.split} split" + (f" ({own})" if own else ""))


def _scored_by(board: Board) -> str:
    """Name the headline metric, target by target where they differ."""
    phrases = {target: metrics[0].phrase for target, metrics in board.metrics.items()}
    if len(set(phrases.values())) == 1:
        phrase = next(iter(phrases.values()))
        text = phrase[0].upper() + phrase[1:]
    else:
        text = "Scores: " + "; ".join(f"{target}, {phrase}" for target, phrase in phrases.items())
    lower = [target for target, metrics in board.metrics.items() if not metrics[0].higher_is_better]
    return inline(text + (f" (lower is better for {', '.join(lower)})" if lower else ""))


READING = ReadingSection()
