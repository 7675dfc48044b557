"""A lock that its owner's death releases."""

from pathlib import Path

from filelock import FileLock, Timeout


class EntryLock(FileLock):
    """The right to make one stage or evaluation, held by at most one process.

    It is the kernel's `flock`: it ends with the process that holds it, however that ends. The file
    itself stays, since another process may just be opening it.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(path)

    def try_acquire(self) -> bool:
        """Take the lock if it is free and say whether it is held now."""
        try:
            self.acquire(timeout=0)
        except Timeout:
            return False
        return True
