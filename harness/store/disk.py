"""Whether a disk takes what is written to it."""

import errno
import os
from pathlib import Path

from harness.errors import RunError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_PROBE_BYTES = 1 << 20


class StoreFullError(RunError):
    """The disk of the store is full; what is finished and the resume points are kept."""

    page = "how-to/shared-storage.md"

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"store {root}: no space is left on its disk. Free some ('xstilts store gc' and 'xstilts store "
            "size' help) or move the store, then give the same command again: finished stages are kept, and "
            "the current one goes on from its last resume point"
        )


def is_no_space(error: BaseException) -> bool:
    """Return whether an error, or one behind it, says that the disk, a quota or a file size limit is full."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _NO_SPACE:
            return True
        # safetensors raises an error of its own that only quotes the system's.
        if f"os error {errno.ENOSPC}" in str(seen) or os.strerror(errno.ENOSPC) in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def has_space(folder: Path) -> bool:
    """Try to write a mebibyte; libraries do not always say why a file could not be written."""
    probe = folder / f".probe.{os.getpid()}"
    try:
        with probe.open("wb") as file:
            file.write(os.urandom(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return not is_no_space(error)
    finally:
        probe.unlink(missing_ok=True)
    return True
