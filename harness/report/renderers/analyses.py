"""The analyses of a leaderboard as one plain text, for `xstilts analyse`."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from harness.report.publication import Publication, load_publication, require_file_name
from harness.report.sections.forgetting_section import forgetting_sentences, forgetting_table
from harness.report.sections.languages.section import language_sentences, language_tables
from harness.report.sections.languages.transfer import LanguageTransfer
from harness.report.sections.order.analysis import OrderAnalysis
from harness.report.sections.order.section import agreement_lines, analysis_tables
from harness.report.sections.order.summary import summary
from harness.report.sections.target_statistics import TargetStatistics
from harness.results.board import BoardFileError
from harness.results.shown_name import plain
from harness.results.target_metric import TargetMetric
from harness.statistics.power import seeds_needed


def find_publication(named: str, leaderboards: Path) -> Publication:
    """Read a leaderboard by the path of its JSON file or page, or by the name of its sequence file.

    Raises:
        BoardFileError: There is none, or it cannot be read.
    """
    path = Path(named)
    require_file_name(path)
    candidates = [path.with_suffix(".json"), leaderboards / f"{path.stem}.json"]
    for candidate in candidates:
        if candidate.is_file():
            return load_publication(candidate)
    places = " nor ".join(map(str, candidates))
    raise BoardFileError(
        f"{named}: there is no leaderboard of it: neither {places}. Make one with `xstilts run {named}`, or "
        "say by --leaderboards where its page lies."
    )


def render_analyses(publication: Publication, differences: Sequence[float] = ()) -> str:
    """Return all analyses as text.

    Args:
        publication: The leaderboard.
        differences: For which the seeds needed are wanted, as fractions; the usual ones when empty.
    """
    blocks = [plain(publication.board.title)]
    answers = {finding.target: finding.sentences for finding in publication.findings}
    for analysis, table, transfer in zip_longest(
        publication.analyses, publication.targets, publication.languages
    ):
        metric = table.metrics[0]
        said = (*answers.get(analysis.target, ()), *summary(analysis, table))
        blocks.append(f"{analysis.target}: {' '.join(said)}")
        blocks += _details(analysis, table, differences)
        blocks += _languages(transfer, metric) if transfer else ()
    for forgetting in publication.forgetting:
        sentences = " ".join(forgetting_sentences(forgetting))
        blocks.append(f"Forgetting before {forgetting.target}: {sentences}")
        blocks.append(forgetting_table(forgetting).render("simple"))
    if publication.targets_agreement:
        blocks.append("\n".join(agreement_lines([publication.targets_agreement])))
    return "\n\n".join(blocks)


def _languages(transfer: LanguageTransfer, metric: TargetMetric) -> Iterator[str]:
    sentences = " ".join(language_sentences(transfer, metric))
    if sentences:
        yield f"Gap and languages: {sentences}"
        for title, table in language_tables(transfer, metric):
            yield f"{title}\n\n{table.render('simple')}"


def _details(analysis: OrderAnalysis, table: TargetStatistics, differences: Sequence[float]) -> Iterator[str]:
    if analysis.agreement:
        yield "\n".join(agreement_lines(analysis.agreement))
    needed = None
    if analysis.power and differences:
        needed = seeds_needed(analysis.power, tuple(differences))
    for title, shown in analysis_tables(analysis, table, needed):
        yield f"{title}\n\n{shown.render('simple')}"
