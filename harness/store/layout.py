"""Where everything lies in a store."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError
from harness.message_text import in_short

FORMAT = 2
DIGEST = re.compile(r"[0-9a-f]{32}")


class StoreError(UserError):
    """The store folder cannot be used as it is."""


@dataclass(frozen=True)
class Layout:
    """The folders of a store.

    ```
    format.json           the version of this layout
    KIND/DIGEST/          finished entries of a kind (stages, evaluations …): their files and manifest.json
    tensors/SHA256        weight files, each content once; entries hold hard links to them
    building/DIGEST/      what is being made now, with its resume point; never read as finished
    locks/DIGEST          names the process that makes it, and shows that it lives (harness.store.lock)
    runs/TIME-PID/        logs of the workers
    quarantine/DIGEST-N/  entries whose files are not as they were written
    failures/DIGEST.json  why making an entry failed when it was last tried
    discarded/DIGEST      says that an entry's weights were dropped (harness.store.discard)
    ```
    """

    root: Path

    def entry(self, folder: str, digest: str) -> Path:
        """Folder of a finished entry; `folder` is its kind's."""
        return self._below(folder, digest)

    def building(self, digest: str) -> Path:
        """Folder in which an entry is made."""
        return self._below("building", digest)

    def lock(self, digest: str) -> Path:
        """File that is locked while an entry is made."""
        return self._below("locks", digest)

    @property
    def tensors(self) -> Path:
        """Folder of weight files by content."""
        return self.root / "tensors"

    @property
    def quarantine(self) -> Path:
        """Folder of entries whose files are not as they were written."""
        return self.root / "quarantine"

    @property
    def marker(self) -> Path:
        """File that says the version of the layout."""
        return self.root / "format.json"

    def failure(self, digest: str) -> Path:
        """File that says why making an entry failed."""
        return self._below("failures", digest).with_suffix(".json")

    def discarded(self, digest: str) -> Path:
        """File that says that an entry's weights were dropped."""
        return self._below("discarded", digest)

    @property
    def runs(self) -> Path:
        """Folder of the runs' logs."""
        return self.root / "runs"

    def require_format(self) -> None:
        """Refuse a store that another version of xstilts made.

        Raises:
            StoreError: Its format is not this version's.
        """
        found = _format(self.marker)
        if found == FORMAT:
            return
        if isinstance(found, int) and found < FORMAT:
            raise StoreError(
                f"store {self.root}: its format is {found}, this xstilts reads {FORMAT}. An older version "
                f"made it; its stages cannot be used: move it away (`mv {self.root} {self.root}.old`) or "
                "name another folder by --store, and run the same command again; it trains the stages again"
            )
        raise StoreError(
            f"store {self.root}: its format is {in_short(found)}, this xstilts reads {FORMAT}; use the "
            "xstilts that made it, or name another folder by --store"
        )

    def _below(self, folder: str, digest: str) -> Path:
        if not DIGEST.fullmatch(digest):
            raise StoreError(f"store {self.root}: {digest!r} is not a digest (32 hexadecimal digits)")
        return self.root / folder / digest


def store_root(path: Path) -> Path:
    """Return the store that holds a path.

    Raises:
        StoreError: none does.
    """
    for folder in path.parents:
        if (folder / "format.json").is_file():
            return folder
    raise StoreError(f"{path}: lies in no store (no format.json in the folders above)")


def _format(marker: Path) -> object:
    try:
        content = json.loads(marker.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise StoreError(
            f'{marker}: cannot be read ({error}); write {{"format": {FORMAT}}} into it if this is a store'
        ) from error
    return content.get("format") if isinstance(content, dict) else content
