"""Lines that break a file's format: all refused at once, or left out and counted."""

from pathlib import Path

from harness.data.sources.text_file import MalformedFileError
from harness.kinds.columns import RowCount, counted
from harness.message_text import names_in_short


class BadLines:
    """The lines of one file that break its format.

    Args:
        path: The file, for messages.
        skip: True: they are left out; False: they are refused, and the message says how to leave them out;
            None: they are refused, since no row may be missing.
    """

    def __init__(self, path: Path, skip: bool | None) -> None:
        self._path = path
        self._skip = skip
        self._lines: list[int] = []
        self._first = ""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._lines)

    def add(self, line: int, what: str) -> None:
        """Note a line and what is wrong with it."""
        self._first = self._first or what
        self._lines.append(line)

    def check(self, good: int, remedy: str) -> tuple[RowCount, ...]:
        """Return the count of the lines that are left out.

        Args:
            good: Number of the file's other rows.
            remedy: What to correct.

        Raises:
            MalformedFileError: there are such lines and they are not to be left out, or nothing else.
        """
        if not self._lines:
            return ()
        lines = names_in_short(map(str, self._lines), 120)
        if self._skip and good:
            return counted(len(self), f"lines that break the file's format, left out ({lines})")
        also = f" So are {len(self):,} lines ({lines}) beside {good:,} good ones." if len(self) > 1 else ""
        skip = ", or say 'skip_bad_rows: true' in the task file to leave such lines out"
        raise MalformedFileError(
            f"{self._path}, line {self._lines[0]}: {self._first}.{also} {remedy}"
            + (skip if self._skip is False and good else "")
        )
