"""The markdown page of a leaderboard: the same publication gives the same bytes."""

from collections.abc import Iterator

from harness.report.notation import EMPTY, excerpt, inline
from harness.report.publication import Publication
from harness.report.sections.data import data_section
from harness.report.sections.forgetting_section import forgetting_sentences, forgetting_table
from harness.report.sections.languages.section import language_sentences, language_tables
from harness.report.sections.order.section import agreement_lines, analysis_tables
from harness.report.sections.order.summary import summary
from harness.report.sections.plan_tree import mermaid
from harness.report.sections.provenance import SHORT, provenance_section
from harness.report.sections.reported import reported_section
from harness.report.sections.target_statistics import TargetStatistics
from harness.report.table import Table, column_names, comparison_table, target_table
from harness.results.averages import average
from harness.results.board import Board, BoardRow, SeedResult

_FOLD_ABOVE = 12
_LANGUAGES_IN_ONE_TABLE = 8
_MOST_COMPARED = 500
_MOST_RUNS = 1_500


def render_page(publication: Publication) -> str:
    """Return the whole page."""
    board = publication.board
    blocks = [f"# {inline(board.title)}"]
    if board.question:
        blocks.append(f"**Question:** {inline(board.question)}")
    if board.note:
        blocks.append(f"> **Note:** {inline(board.note)}")
    if board.provenance.limited is not None:
        blocks.append(
            f"> **LIMITED:** only the first {board.provenance.limited} items of each task were scored. "
            "A trial, not a result."
        )
    for table in publication.targets:
        blocks += _target(publication, table)
    blocks += _plan_tree(board)
    blocks += _how_to_read(publication)
    blocks += _failed_runs(board)
    blocks += _per_seed(board)
    blocks += data_section(board)
    blocks += provenance_section(publication)
    for table in publication.targets:
        blocks += reported_section(table, publication.reported)
    return "\n\n".join(blocks) + "\n"


def _target(publication: Publication, table: TargetStatistics) -> Iterator[str]:
    yield f"## {inline(table.target)}"
    for finding in publication.findings:
        if finding.target == table.target:
            yield f"**Finding:** {inline(' '.join(finding.sentences))}"
    scale = table.metrics[0].scale
    whole = target_table(table, markup=True)
    languages_end = 2 + len(table.languages)
    if len(table.languages) <= _LANGUAGES_IN_ONE_TABLE:
        yield whole.render()
    else:
        yield whole.columns(languages_end, len(whole.headers)).render()
        yield whole.columns(2, languages_end).render()
    yield from _collapsed(publication, table.target)
    if len(table.comparisons) > _MOST_COMPARED:
        data = f"{publication.board.name}.json"
        count = table.order.compared if table.order else 0
        yield f"Order alone: {inline(table.target)}, {count:,} pairs; see [{data}]({data})."
    elif table.comparisons:
        comparisons = comparison_table(table.comparisons, scale).render()
        if len(table.comparisons) <= _FOLD_ABOVE:
            yield f"### Order alone: {inline(table.target)}"
            yield comparisons
        else:
            title = f"Order alone: {inline(table.target)}, {len(table.comparisons):,} pairs"
            yield _details(title, comparisons)
    yield from _pictures(publication, table.target)
    yield from _order(publication, table.target)
    yield from _languages(publication, table.target)
    yield from _forgetting(publication, table.target)


def _collapsed(publication: Publication, target: str) -> Iterator[str]:
    lines = [
        f"> - {inline(run.sequence)}, seed {run.seed}: {inline(run.detail)}"
        for run in publication.collapses
        if run.target == target
    ]
    if lines:
        yield "\n".join(["> **Did not learn**, and counted like the others:", ">", *lines])


def _pictures(publication: Publication, target: str) -> Iterator[str]:
    for picture in publication.pictures:
        if picture.target == target:
            yield f"![{inline(picture.text)}]({picture.svg})\n\n[PNG]({picture.png})"


def _plan_tree(board: Board) -> Iterator[str]:
    diagram = mermaid(board)
    if diagram is not None:
        yield _details("The stages of one seed", f"```mermaid\n{diagram}\n```")


def _order(publication: Publication, target: str) -> Iterator[str]:
    own = next(table for table in publication.targets if table.target == target)
    analysis = next(analysis for analysis in publication.analyses if analysis.target == target)
    yield f"### Order as a factor: {inline(target)}"
    yield inline(" ".join(summary(analysis, own)))
    agreement = publication.targets_agreement
    lines = list(agreement_lines((*analysis.agreement, *([agreement] if agreement else []))))
    if lines:
        yield "\n".join(lines)
    for title, table in analysis_tables(analysis, own):
        yield _details(title, table.render())


def _languages(publication: Publication, target: str) -> Iterator[str]:
    metric = publication.board.metrics[target][0]
    transfer = next(transfer for transfer in publication.languages if transfer.target == target)
    sentences = inline(" ".join(language_sentences(transfer, metric)))
    if sentences:
        yield f"### Gap and languages: {inline(target)}"
        yield sentences
        for title, table in language_tables(transfer, metric):
            if len(table.rows) <= _MOST_COMPARED:
                yield _details(title, table.render())


def _forgetting(publication: Publication, target: str) -> Iterator[str]:
    for forgetting in publication.forgetting:
        if forgetting.target == target:
            yield f"### Forgetting: {inline(target)}"
            yield inline(" ".join(forgetting_sentences(forgetting)))
            yield forgetting_table(forgetting).render()


def _how_to_read(publication: Publication) -> Iterator[str]:
    board = publication.board
    seeds = len(board.seeds)
    shares = all(metrics[0].unit == "%" for metrics in board.metrics.values())
    units = ", in points" if shares else ""
    yield "## How to read"
    lines = [
        f"- {_scored_by(board)} on the {inline(board.provenance.split)} split; "
        "training data is English, other languages are zero-shot.",
        "- **average**: of all languages; **non-English**: of all but English; **gap**: English − those.",
        f"- **Δ target-only**: average minus that of training on the target alone, seed by seed{units}.",
        f"- ± is the standard deviation (n − 1) over {seeds} seeds. The best of a column is bold."
        if seeds > 1
        else "- One seed: there is no standard deviation. The best of a column is bold.",
        f"- {EMPTY} stands where a seed failed, was not run or lacks a language: no average is over less.",
    ]
    if any(row.shrunken is not None for table in publication.targets for row in table.rows):
        lines += _tests(board)
    if any(metrics[0].name != "accuracy" for metrics in board.metrics.values()):
        lines.append(
            "- **Did not learn**: a score at chance is recognized for accuracy only; other metrics have no "
            "chance level, so of them only constant predictions and risen losses are named."
        )
    if any(transfer.associations for transfer in publication.languages):
        lines.append(
            "- **syntactic distance**: 1 − cosine of the languages' syntax features in URIEL (Littell et al. "
            "2017; as Lauscher et al. 2020); **pretraining GiB**: text in CC-100, the corpus of XLM-R "
            "(Conneau et al. 2020, Table 6), whatever the model itself was pretrained on."
        )
    yield "\n".join(lines)


def _tests(board: Board) -> Iterator[str]:
    """Yield what the tests are; docs/explanation/statistics.md says it at length."""
    plan, targets = board.analysis, len(board.targets)
    yield (
        "- **95%**: intervals for other training runs and other items. Items are taken with all their "
        "languages, "
        "which translate each other (Sellam et al. 2022; Miller 2024); runs that share trained stages vary "
        "together as estimated. Those of Δ and of pairs hold together (Dunnett 1955; Hothorn et al. 2008). "
        "A row "
        "with a collapsed run has none."
    )
    if len(board.seeds) == 1:
        yield "- One seed: intervals are for other items only, and no difference is testable."
        return
    primary = ", ".join(str(contrast) for contrast in plan.contrasts) or "none"
    corrected = len(plan.contrasts) * targets
    yield (
        f"- **Primary** (declared in the sequence file): {inline(primary)}; p-values corrected for "
        f"{corrected} such "
        f"test{'' if corrected == 1 else 's'} on this page. Everything else is exploratory: corrected "
        f"within its "
        "table only."
    )
    yield (
        "- **Order**: pairs of sequences with the same tasks (max-T, four fifths of the level) and all their "
        "orders at once (one fifth); where runs scatter unlike, all at once first. **Verdicts** at 0.05: "
        f"significant, equivalent (within ±{plan.equivalence_margin:g} points by two one-sided tests), not "
        "significant, not testable; **≈**: not significant."
    )
    yield (
        "- **ranks**: those that a row may have; **ties**: rows that share a letter do not differ "
        "significantly; **shrunken**: the average drawn towards the others as far as chance explains their "
        "spread; **Δ/σ**: the difference over the standard deviation of a run; **P(better)**: of a run of "
        "the first over one of the second with the same seed."
    )
    looks = ", ".join(map(str, plan.looks))
    if looks:
        yield (
            f"- Published before with {looks} seeds of {plan.planned_seeds} planned: levels by alpha "
            f"spending "
            "(Lan & DeMets 1983)."
        )


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


def _failed_runs(board: Board) -> Iterator[str]:
    yield "## Failed runs"
    lines = [
        f"- {inline(row.sequence)}, seed {result.seed}: {_why(result)}"
        for row in board.rows
        for result in row.seeds
        if result.status == "failed"
    ]
    yield "\n".join(lines) or "None."
    waiting = [(row, seeds) for row in board.rows if (seeds := _not_run(board, row))]
    if waiting:
        yield "## Not run yet"
        yield "\n".join(
            f"- {inline(row.sequence)}: seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
            for row, seeds in waiting
        )


def _why(result: SeedResult) -> str:
    return inline(excerpt(result.error)) if result.error else "failed, no message was kept"


def _not_run(board: Board, row: BoardRow) -> list[int]:
    results = ((seed, row.seed(seed)) for seed in board.seeds)
    return [seed for seed, result in results if result is None or result.status == "not run"]


def _per_seed(board: Board) -> Iterator[str]:
    for target in board.targets:
        columns = board.languages[target]
        made = [header for header, used in (("part", board.parts), ("machine", board.machines)) if used]
        headers = (
            *("order", "seed", *column_names(columns)),
            *("average", "items", "training s", "evaluation", *made),
        )
        rows = tuple(
            (row.sequence, str(seed), *_seed_cells(board, row, row.seed(seed)))
            for row in board.rows_of(target)
            for seed in board.seeds
        )
        if len(rows) <= _MOST_RUNS:
            yield _details(f"Every seed: {inline(target)}", Table(headers, rows).render())
        else:
            data = f"{board.name}.json"
            yield f"Every seed: {inline(target)}, {len(rows):,} runs; they stand in [{data}]({data})."


def _seed_cells(board: Board, row: BoardRow, result: SeedResult | None) -> tuple[str, ...]:
    columns, scale = board.languages[row.target], board.metrics[row.target][0].scale
    if result is None or result.status != "ok":
        state = "not run" if result is None else result.status
        return (*(EMPTY for _ in columns), state, EMPTY, EMPTY, EMPTY, *_made(board, result))
    mean = average(result.scores, columns)
    return (
        *(scale.value(result.scores[c.task]) if c.task in result.scores else EMPTY for c in columns),
        EMPTY if mean is None else scale.value(mean),
        str(sum(result.items.values())),
        f"{result.train_seconds:.0f}",
        (result.evaluation_digest or EMPTY)[:SHORT],
        *_made(board, result),
    )


def _made(board: Board, result: SeedResult | None) -> Iterator[str]:
    """Yield the numbers of a result's part and machines, where the board tells them apart."""
    if board.parts:
        yield EMPTY if result is None or result.part is None else str(result.part + 1)
    if board.machines:
        yield ", ".join(str(place + 1) for place in result.machines) or EMPTY if result else EMPTY


def _details(summary: str, content: str) -> str:
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"
