"""Files that are written completely or not at all."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a path to write to, which takes the place of `path` at the end; after an error nothing is left.

    The draft lies beside `path` under a name of its own that begins with a dot: several threads, processes or
    machines may write the same file.

    Raises:
        OSError: The folder cannot be written to.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        yield draft
        draft.replace(path)
    finally:
        # Also where both are links of one file: renaming one over the other leaves both.
        draft.unlink(missing_ok=True)
