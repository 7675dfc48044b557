"""A problem in a file that a user wrote, and the error that carries all of them at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError
from harness.message_text import cut

_LONGEST_FOUND = 120
_MOST_SHOWN = 200
MOST_SOUGHT = 1_000
"""Problems of a sort after which no more of a file are looked for: nobody reads them, and each takes time."""

_WORDS = {None: "nothing", True: "true", False: "false"}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        file: The file as the user named it.
        line: Line in it, from 1; None where the file as a whole is meant.
        key: Path of the key, such as `training.per_task.rte.epochs`; empty for the file as a whole.
        found: What stands there, as the user would recognize it.
        message: What is wrong and what is allowed.
        remedy: What to do about it.
    """

    file: Path
    line: int | None
    key: str
    found: str
    message: str
    remedy: str

    def __str__(self) -> str:
        """Return the problem as two lines: place and fault, then the remedy."""
        place = f"{self.file}:{self.line}" if self.line is not None else str(self.file)
        key = f" {self.key}:" if self.key else ""
        found = f" (found: {self.found})" if self.found else ""
        return f"{place}:{key} {self.message}{found}\n    remedy: {self.remedy}"


class SpecError(UserError):
    """Files that a user wrote have problems; all that were found, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        unique = dict.fromkeys(problems)
        files = {problem.file: place for place, problem in reversed(list(enumerate(unique)))}
        self.problems: tuple[Problem, ...] = tuple(
            sorted(unique, key=lambda problem: (files[problem.file], problem.line or 0))
        )
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} found"
        shown_ones = [str(problem) for problem in self.problems[:_MOST_SHOWN]]
        rest = [f"and {count - _MOST_SHOWN:,} more"] if count > _MOST_SHOWN else []
        super().__init__("\n".join([head, *shown_ones, *rest]))


def shown(value: object) -> str:
    """Return a value as a user would recognize it, shortened, on one line and printable."""
    text = _WORDS[value] if value is None or isinstance(value, bool) else repr(value)
    text = "".join(character if character.isprintable() else "?" for character in text)
    return cut(text, _LONGEST_FOUND)


def listed(names: Iterable[str], most: int = 40) -> str:
    """Return names as a comma-separated list, cut after `most`."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return (", ".join(cut(name) for name in every[:most]) or "none") + more
