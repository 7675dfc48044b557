r"""The exported tables as LaTeX with booktabs: `\input` the file after `\usepackage{booktabs,graphicx}`."""

import re
from collections.abc import Iterator

from harness.report.blocks import Tabular
from harness.report.notation import interval, spread
from harness.report.publication import Publication
from harness.report.renderers.walk import board_blocks, target_blocks
from harness.report.sections.scores.section import SCORES
from harness.report.table import Table, without_bold
from harness.results.board import ARROW, Board

_SIGNS = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "→": r"$\rightarrow$",
    "≈": r"$\approx$",
    "±": r"$\pm$",
    "−": r"$-$",
    "Δ": r"$\Delta$",
    "–": "--",
}
_NUMBER_SIGN = re.compile(r"(?<![\w])-(?=\d)")


def render_latex(publication: Publication) -> str:
    """Return a `table` environment for each exported table, no wider than the text."""
    name = publication.board.name
    head = f"% {name}: made by xstilts from {name}.json; needs booktabs and graphicx."
    above, below = (board_blocks(publication, above=place) for place in (True, False))
    found = [(section.name, block) for section, blocks in above for block in blocks]
    found += [
        (f"{target}-{section.name}", block)
        for target in publication.board.targets
        for section, blocks in target_blocks(publication, target)
        for block in blocks
    ]
    found += [(section.name, block) for section, blocks in below for block in blocks]
    tables = [(label, block) for label, block in found if isinstance(block, Tabular) and block.export]
    environments = [
        _environment(publication, block.table, block.title, label.removesuffix("-scores"))
        for label, block in tables
    ]
    return "\n\n".join([head, *environments]) + "\n"


def _environment(
    publication: Publication, table: Table, title: str, label: str, *, narrow: bool = False
) -> str:
    board = publication.board
    align = "".join("l" if header in table.left else "r" for header in table.headers)
    lines = [" & ".join(map(_cell, cells)) + r" \\" for cells in (table.headers, *table.rows)]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escaped(_caption(board, title))}}}",
            rf"\label{{tab:{board.name}-{_label(label)}}}",
            *(() if narrow else (r"\resizebox{\textwidth}{!}{%",)),
            rf"\begin{{tabular}}{{{align}}}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}" if narrow else r"\end{tabular}}",
            r"\end{table}",
        ]
    )


def render_narrow_latex(publication: Publication) -> str:
    """Return a `table` of one column's width for each target: order, average, difference, interval."""
    name = publication.board.name
    head = f"% {name}: the narrow tables, made by xstilts from {name}.json; needs booktabs."
    return "\n\n".join([head, *_narrow(publication)]) + "\n"


def _narrow(publication: Publication) -> Iterator[str]:
    board = publication.board
    for target in board.targets:
        found = publication.of(SCORES, target)
        if found is None:
            continue
        scale = found.metrics[0].scale
        lines = [
            (
                ARROW.join(row.order) or "target only",
                spread(row.average, scale),
                spread(row.delta, scale, signed=True),
                interval(row.effect.interval if row.effect else None, scale, signed=True),
            )
            for row in found.rows
        ]
        table = Table(("order", "average", "Δ", "95%"), tuple(lines), frozenset({"order"}))
        title = f"{found.metrics[0].phrase}, {board.trained_and_scored(target)}, {len(board.seeds)} seeds"
        yield _environment(publication, table, title, f"{target}-narrow", narrow=True)


def _caption(board: Board, title: str) -> str:
    note = board.trial_note
    return f"{board.title}: {title}." + (f" LIMITED: {note}" if note else "")


def escaped(text: str) -> str:
    """Return a text that LaTeX prints as it stands, on one line."""
    return "".join(_SIGNS.get(sign, sign) for sign in " ".join(text.split()))


def _cell(text: str) -> str:
    content = escaped(_NUMBER_SIGN.sub("−", without_bold(text)))
    return content if without_bold(text) == text else rf"\textbf{{{content}}}"


def _label(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", text)
