r"""The tables as LaTeX with booktabs: `\input` the file after `\usepackage{booktabs,graphicx}`."""

import re

from harness.report.publication import Publication
from harness.report.sections.target_statistics import TargetStatistics
from harness.report.table import target_table

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
    """Return one `table` environment for each target, no wider than the text."""
    name = publication.board.name
    head = f"% {name}: made by xstilts from {name}.json; needs booktabs and graphicx."
    return "\n\n".join([head, *(_table(publication, table) for table in publication.targets)]) + "\n"


def _table(publication: Publication, statistics: TargetStatistics) -> str:
    board = publication.board
    table = target_table(statistics, markup=True)
    align = "".join("l" if header in table.left else "r" for header in table.headers)
    lines = [" & ".join(map(_cell, cells)) + r" \\" for cells in (table.headers, *table.rows)]
    seeds = f"{len(board.seeds)} seed{'' if len(board.seeds) == 1 else 's'}"
    caption = f"{board.title}: {statistics.metrics[0].phrase} on {statistics.target}, {seeds}."
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escaped(caption)}}}",
            rf"\label{{tab:{board.name}-{_label(statistics.target)}}}",
            r"\resizebox{\textwidth}{!}{%",
            rf"\begin{{tabular}}{{{align}}}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}}",
            r"\end{table}",
        ]
    )


def escaped(text: str) -> str:
    """Return a text that LaTeX prints as it stands, on one line."""
    return "".join(_SIGNS.get(sign, sign) for sign in " ".join(text.split()))


def _cell(text: str) -> str:
    bold = re.fullmatch(r"\*\*(.*)\*\*", text)
    content = escaped(_NUMBER_SIGN.sub("−", bold.group(1) if bold else text))
    return rf"\textbf{{{content}}}" if bold else content


def _label(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", text)
