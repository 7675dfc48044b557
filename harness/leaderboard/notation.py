"""How numbers and names are written on a page: percent with one decimal, and text that stays text."""

import re

from harness.leaderboard.interval import Interval
from harness.leaderboard.shown_name import plain
from harness.leaderboard.statistics import Spread

EMPTY = "–"
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKUP = re.compile(r"[\\`*\[\]|~]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")
_ERROR_LENGTH = 300


def percent(fraction: float) -> str:
    """Write an accuracy: 0.58334 as `58.3`."""
    return f"{fraction * 100:.1f}"


def points(fraction: float) -> str:
    """Write a difference with its sign: 0.0123 as `+1.2`; what rounds to zero has none."""
    text = f"{fraction * 100:+.1f}"
    return "0.0" if text in {"+0.0", "-0.0"} else text


def spread(value: Spread | None, *, signed: bool = False) -> str:
    """Write mean ± sd; the mean alone for one seed."""
    if value is None:
        return EMPTY
    mean = points(value.mean) if signed else percent(value.mean)
    return mean if value.sd is None else f"{mean} ± {percent(value.sd)}"


def interval(value: Interval | None, *, signed: bool = False) -> str:
    """Write a 95% interval as `[57.1, 59.4]`."""
    if value is None:
        return EMPTY
    low, high = (points(end) if signed else percent(end) for end in (value.low, value.high))
    return f"[{low}, {high}]"


def p_value(value: float) -> str:
    """Write a p-value with three decimals."""
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
