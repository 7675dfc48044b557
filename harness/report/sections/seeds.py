"""Every run: its scores, items and training time, and what it was made with."""

from collections.abc import Iterator

from harness.report.blocks import Block, Markup, Tabular
from harness.report.notation import EMPTY, code, inline
from harness.report.publication import Publication
from harness.report.section import BoardSection, Nothing, Results
from harness.report.sections.provenance import SHORT
from harness.report.sections.scores.section import SCORES
from harness.report.table import Table, column_names
from harness.results.averages import average
from harness.results.board import Board, BoardRow, SeedResult

_MOST_RUNS = 1_500


class SeedsSection(BoardSection[Nothing]):
    """A folded table for each target."""

    name, place, model = "seeds", 1400, Nothing

    def compute(self, results: Results) -> Nothing:
        """Return nothing: the board holds the runs."""
        return Nothing()

    def blocks(self, data: Nothing, publication: Publication) -> Iterator[Block]:
        """Yield the tables; a very long one is left to the JSON file."""
        board = publication.board
        for target in board.targets:
            runs = len(board.rows_of(target)) * len(board.seeds)
            title = f"Every seed: {target}"
            if runs <= _MOST_RUNS:
                yield Tabular(_table(publication, target), title, folded=True)
            else:
                file = f"{board.name}.json"
                yield Markup(f"{inline(title)}, {runs:,} runs; they stand in [{file}]({file}).")
        yield Markup(
            f"Checkpoints, logs, training curves and settings of the stages behind a row: "
            f"{code(f'xstilts show {board.name} --row ROW --seed SEED')}"
            f"{', with --target TARGET' if len(board.targets) > 1 else ''}; with --store STORE where the "
            "stages lie elsewhere than in .xstilts/store."
        )


def _table(publication: Publication, target: str) -> Table:
    board, scores = publication.board, publication.of(SCORES, target)
    places = {row.sequence: str(place) for place, row in enumerate(scores.rows, 1)} if scores else {}
    made = [header for header, used in (("part", board.parts), ("machine", board.machines)) if used]
    headers = (
        *("order", "row", "seed", *column_names(board.languages[target])),
        *("average", "items", "training s", "evaluation", *made),
    )
    rows = tuple(
        (
            row.sequence,
            str(places.get(row.sequence, EMPTY)),
            str(seed),
            *_seed_cells(board, row, row.seed(seed)),
        )
        for row in board.rows_of(target)
        for seed in board.seeds
    )
    return Table(headers, rows)


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
    """Yield the numbers of a result's part and machines, where the board has several."""
    if board.parts:
        yield EMPTY if result is None or result.part is None else str(result.part + 1)
    if board.machines:
        yield ", ".join(str(place + 1) for place in result.machines) or EMPTY if result else EMPTY


SEEDS = SeedsSection()
