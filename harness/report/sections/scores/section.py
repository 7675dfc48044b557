"""The table of each target, and that of its pairs of sequences with the same tasks in another order."""

from collections.abc import Iterator, Mapping
from functools import partial

from harness.report.blocks import Block, Heading, Markup, Tabular
from harness.report.notation import inline
from harness.report.publication import Publication
from harness.report.section import Cell, Drawable, Nothing, Results, TargetSection
from harness.report.sections.scores.columns import score_columns
from harness.report.sections.scores.statistics import TargetStatistics, target_statistics
from harness.report.sections.scores.table import comparison_table, family_tables, target_table
from harness.report.sections.tested import tested_table

_LANGUAGES_IN_ONE_TABLE = 8
_LANGUAGES_BY_FAMILY = 16
"""XNLI's 15 are still one table."""
_FOLD_ABOVE = 12
_MOST_COMPARED = 500


class ScoresSection(TargetSection[TargetStatistics]):
    """Every sequence before a target: languages, averages, differences to target-only."""

    name, place, model, brief = "scores", 200, TargetStatistics, True

    def compute(self, results: Results, target: str) -> TargetStatistics:
        """Compute the table; without item scores nothing is tested."""
        return target_statistics(results.board, target, results.shared(tested_table, target))

    def blocks(self, data: TargetStatistics, publication: Publication, target: str) -> Iterator[Block]:
        """Yield the table, cut in two where it has many languages; of very many each family folded."""
        table, end = target_table(data), 2 + len(data.languages)
        wide = len(data.languages) > _LANGUAGES_IN_ONE_TABLE
        seeds, said = len(publication.board.seeds), publication.board.trained_and_scored(target)
        family = "exploratory" if data.deltas_exploratory else "primary"
        title = (
            f"{data.metrics[0].phrase}, {said}, {seeds} seed{'' if seeds == 1 else 's'}; differences to "
            f"target-only are {family}"
        )
        yield Heading(f"All sequences: {target}")
        if len(data.languages) > _LANGUAGES_BY_FAMILY:
            yield Tabular(table.columns(end, len(table.headers)), title, export=True)
            yield from (Tabular(part, name, folded=True) for name, part in family_tables(data))
            return
        cuts = ((end, len(table.headers)), (2, end)) if wide else ()
        yield Tabular(table, title, export=True, cuts=cuts)

    def pictures(self, data: TargetStatistics, publication: Publication, target: str) -> Iterator[Drawable]:
        """Yield the differences to target-only by language."""
        from harness.report.pictures.heat_map import draw_heat_map
        from harness.report.pictures.style import MOST_ROWS

        complete = sum(row.average is not None for row in data.rows)
        best = f"; the best {MOST_ROWS} of {complete}" if complete > MOST_ROWS else ""
        unit = data.metrics[0].scale.unit or data.metrics[0].noun
        trained = publication.board.is_trained(target)
        alone = f"training on {target} alone" if trained else "the pretrained model"
        yield Drawable(
            "deltas",
            f"{unit[0].upper()}{unit[1:]} above {alone}, by sequence and language{best}",
            partial(draw_heat_map, data),
        )

    def columns(self, data: TargetStatistics) -> Mapping[str, Mapping[str, Cell]]:
        """Return every number of the table."""
        return score_columns(data)


class PairsSection(TargetSection[Nothing]):
    """The pairs of sequences with the same tasks in another order, from the data of the scores."""

    name, place, model = "pairs", 300, Nothing

    def compute(self, results: Results, target: str) -> Nothing:
        """Return nothing: the pairs are among the scores."""
        return Nothing()

    def blocks(self, data: Nothing, publication: Publication, target: str) -> Iterator[Block]:
        """Yield their table; folded where it is long, left to the JSON file where it is very long."""
        table = publication.of(SCORES, target)
        if table is None or not table.comparisons:
            return
        name = f"Order alone: {target}"
        if len(table.comparisons) > _MOST_COMPARED:
            file = f"{publication.board.name}.json"
            count = table.order.compared if table.order else 0
            yield Markup(f"{inline(name)}, {count:,} pairs; see [{file}]({file}).")
            return
        shown = comparison_table(table.comparisons, table.metrics[0].scale)
        if len(table.comparisons) > _FOLD_ABOVE:
            yield Tabular(shown, f"{name}, {len(table.comparisons):,} pairs", folded=True)
        else:
            yield Heading(name)
            yield Tabular(shown, name)


SCORES = ScoresSection()
PAIRS = PairsSection()
