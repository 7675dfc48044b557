"""Kernels that torch compiles when they are first used, and the locks that a killed compilation leaves."""

import os
from pathlib import Path


def compilation_locks() -> list[Path]:
    """Return the locks in the folder where torch compiles extensions.

    torch waits without end for such a file to go (torch.utils.file_baton), also when the process that made
    it is long dead. Nothing that xstilts ships compiles; a DeepSpeed file of one's own may.
    """
    named = os.environ.get("TORCH_EXTENSIONS_DIR")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(named) if named else cache / "torch_extensions"
    return sorted(folder.rglob("lock"))
