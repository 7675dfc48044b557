"""Files and folders that a command line names: never empty, and such that the system can look for them."""

import os
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from harness.message_text import in_short


class FilePath(click.Path):
    """A path; what its other checks are is said as of `click.Path`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path.

        Raises:
            click.BadParameter: it is empty, or the system cannot look for it.
        """
        if not _is_there_or_possible(self, os.fspath(value), param, ctx):
            self.fail(f"{in_short(os.fspath(value))} leads through what is no folder", param, ctx)
        return super().convert(value, param, ctx)


class FileOrName(click.ParamType[str]):
    """A path, or the name of something that is known."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it as text.

        Raises:
            click.BadParameter: it is empty, or the system cannot look for it.
        """
        _is_there_or_possible(self, str(value), param, ctx)
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the known sequences whose names begin so, and leave files to the shell."""
        from harness.config.catalogue import sequence_files

        names = sequence_files() if param.name in ("file", "files") else ()
        known = [CompletionItem(name) for name in names if name.startswith(incomplete)]
        return [*known, CompletionItem(incomplete, type="file")]


def _is_there_or_possible(
    kind: click.ParamType[Any], text: str, param: click.Parameter | None, ctx: click.Context | None
) -> bool:
    if not text.strip():
        kind.fail("an empty name is no file and no folder; name one", param, ctx)
    try:
        Path(text).stat()
    except FileNotFoundError:
        return True  # Whether it must exist is the command's affair.
    except NotADirectoryError:
        return False
    except OSError as error:
        kind.fail(f"{in_short(text)} cannot be looked for: {error.strerror}", param, ctx)
    return True
