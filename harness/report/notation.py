"""How numbers and names are written on a page: scores on their scale, and text that stays text."""

import re
from html import escape

from harness.results.shown_name import plain
from harness.results.target_metric import PERCENT, Scale
from harness.statistics.spread import Spread
from harness.statistics.verdict import Interval

EMPTY = "–"
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKUP = re.compile(r"[\\`*\[\]|~]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")
_ERROR_LENGTH = 300


def percent(share: float) -> str:
    """Write a share: 0.58334 as `58.3`."""
    return PERCENT.value(share)


def spread(value: Spread | None, scale: Scale = PERCENT, *, signed: bool = False) -> str:
    """Write mean ± sd; the mean alone for one seed."""
    if value is None:
        return EMPTY
    mean = scale.difference(value.mean) if signed else scale.value(value.mean)
    return mean if value.sd is None else f"{mean} ± {scale.value(value.sd)}"


def interval(value: Interval | None, scale: Scale = PERCENT, *, signed: bool = False) -> str:
    """Write a 95% interval as `[57.1, 59.4]`."""
    if value is None:
        return EMPTY
    write = scale.difference if signed else scale.value
    return f"[{write(value.low)}, {write(value.high)}]"


def p_value(value: float | None) -> str:
    """Write a p-value with three decimals."""
    if value is None:
        return EMPTY
    return "<0.001" if value < 0.0005 else f"{value:.3f}"


def inline(text: str) -> str:
    """Make a text that markdown and HTML show as it stands, within a line or a table cell."""
    safe = "".join(_HTML.get(character, character) for character in plain(text))
    return _MARKUP.sub(lambda match: f"\\{match.group()}", safe)


def code(text: str) -> str:
    """Make a code span that shows the text, whatever backticks it holds."""
    content = plain(text).replace("|", "¦")
    fence = "`" * (_longest_backticks(content) + 1)
    padding = " " if content.startswith("`") or content.endswith("`") else ""
    return f"{fence}{padding}{content}{padding}{fence}" if content else EMPTY


def code_block(text: str, language: str) -> str:
    """Make a fenced block of one line."""
    content = plain(text)
    fence = "`" * max(3, _longest_backticks(content) + 1)
    return f"{fence}{language}\n{content}\n{fence}"


def excerpt(error: str) -> str:
    """Return the last line of an error, where Python says what happened, within 300 characters."""
    lines = [line for line in error.strip().splitlines() if line.strip()]
    last = plain(lines[-1]) if lines else "no message"
    return last if len(last) <= _ERROR_LENGTH else last[: _ERROR_LENGTH - 1] + "…"


def _longest_backticks(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def details(title: str, content: str) -> str:
    """Make a part of a page that shows its title, a plain text, until it is opened."""
    return f"<details>\n<summary>{escape(plain(title), quote=False)}</summary>\n\n{content}\n\n</details>"
