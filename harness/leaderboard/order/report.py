"""The analyses of a leaderboard as one plain text, for `xstilts analyse`."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from harness.leaderboard.board import BoardFileError
from harness.leaderboard.forgetting_section import forgetting_sentences, forgetting_table
from harness.leaderboard.languages.section import language_sentences, language_tables
from harness.leaderboard.languages.transfer import LanguageTransfer
from harness.leaderboard.order.analysis import OrderAnalysis
from harness.leaderboard.order.power import SeedsNeeded, seeds_needed
from harness.leaderboard.order.section import agreement_lines, analysis_tables, test_line
from harness.leaderboard.order.summary import summary
from harness.leaderboard.publication import Publication, load_publication, require_file_name
from harness.leaderboard.shown_name import plain
from harness.leaderboard.target_metric import Scale, TargetMetric


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
    for analysis, transfer in zip_longest(publication.analyses, publication.languages):
        metric = publication.board.metrics[analysis.target][0]
        blocks.append(f"{analysis.target}: {' '.join(summary(analysis, metric.scale))}")
        blocks += _details(analysis, metric.scale, differences)
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


def _details(analysis: OrderAnalysis, scale: Scale, differences: Sequence[float]) -> Iterator[str]:
    lines = [test_line(analysis)] if analysis.test else []
    lines += agreement_lines(analysis.agreement)
    if lines:
        yield "\n".join(lines)
    needed = None
    if analysis.power and differences:
        sd, rows = analysis.power.sd, analysis.power.rows
        needed = [SeedsNeeded(difference=d, seeds=seeds_needed(d, sd, rows)) for d in differences]
    for title, table in analysis_tables(analysis, scale, needed):
        yield f"{title}\n\n{table.render('simple')}"
