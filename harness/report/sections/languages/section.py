"""Gap and languages, as a section."""

from collections.abc import Iterator
from functools import partial

from harness.report.blocks import Block, Heading, Paragraph, Tabular
from harness.report.publication import Publication
from harness.report.section import Drawable, Results, TargetSection
from harness.report.sections.languages.text import language_sentences, language_tables
from harness.report.sections.languages.transfer import LanguageTransfer, language_transfer
from harness.report.sections.scores.section import SCORES

_MOST_ROWS = 500


class LanguagesSection(TargetSection[LanguageTransfer]):
    """The gap to English, and what languages' scores and gains go with."""

    name, place, model = "languages", 500, LanguageTransfer

    def compute(self, results: Results, target: str) -> LanguageTransfer | None:
        """Compute gaps and correlations."""
        table = results.of(SCORES, target)
        return None if table is None else language_transfer(results.board, target, table)

    def blocks(self, data: LanguageTransfer, publication: Publication, target: str) -> Iterator[Block]:
        """Yield sentences and folded tables; none where there is nothing to say."""
        metric = publication.board.metrics[target][0]
        sentences = " ".join(language_sentences(data, metric))
        if sentences:
            yield Heading(f"Gap and languages: {target}")
            yield Paragraph(sentences)
            for title, table in language_tables(data, metric):
                if len(table.rows) <= _MOST_ROWS:
                    yield Tabular(table, title, folded=True)

    def pictures(self, data: LanguageTransfer, publication: Publication, target: str) -> Iterator[Drawable]:
        """Yield the languages by family."""
        from harness.report.pictures.languages import draw_languages

        metric = publication.board.metrics[target][0]
        text = f"{metric.title} by language and family, before {target}"
        yield Drawable("languages", text, partial(draw_languages, data.languages, metric))

    def notes(self, publication: Publication) -> Iterator[str]:
        """Say where distances and amounts of text are from."""
        found = (publication.of(self, target) for target in publication.board.targets)
        if any(data.associations for data in found if data):
            yield (
                "**syntactic distance**: 1 − cosine of the languages' syntax features in URIEL (Littell et "
                "al. 2017; as Lauscher et al. 2020); **pretraining GiB**: text in CC-100, the corpus of "
                "XLM-R (Conneau et al. 2020, Table 6), whatever the model itself was pretrained on; "
                "**family**: as in XTREME (Hu et al. 2020)."
            )


LANGUAGES = LanguagesSection()
