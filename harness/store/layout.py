"""Where everything lies in a store."""

import re
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError

FORMAT = 2
DIGEST = re.compile(r"[0-9a-f]{32}")


class StoreError(UserError):
    """The store folder cannot be used as it is."""


@dataclass(frozen=True)
class Layout:
    """The folders of a store.

    ```
    format.json           the version of this layout
    stages/DIGEST/        finished stages: encoder/, classifier/, training_log.jsonl, manifest.json
    evaluations/DIGEST/   finished evaluations: results.json, predictions.parquet, manifest.json
    retentions/DIGEST/    what a stage kept of earlier tasks, where asked for: manifest.json
    tensors/SHA256        weight files, each content once; stages hold hard links to them
    building/DIGEST/      what is being made now, with its resume point; never read as finished
    locks/DIGEST          held by the process that makes it
    runs/TIME-PID/        logs of the workers
    damaged/DIGEST-N/     entries that were set aside since their files are not as they were written
    failures/DIGEST.json  why a stage or an evaluation failed when it was last tried
    ```
    """

    root: Path

    def entry(self, folder: str, digest: str) -> Path:
        """Folder of a finished entry; `folder` is its kind's."""
        return self._below(folder, digest)

    def building(self, digest: str) -> Path:
        """Folder in which a stage or evaluation is made."""
        return self._below("building", digest)

    def lock(self, digest: str) -> Path:
        """File that is locked while the stage or evaluation is made."""
        return self._below("locks", digest)

    @property
    def tensors(self) -> Path:
        """Folder of weight files by content."""
        return self.root / "tensors"

    @property
    def damaged(self) -> Path:
        """Folder of entries that were set aside."""
        return self.root / "damaged"

    def failure(self, digest: str) -> Path:
        """File that says why making an entry failed."""
        return self._below("failures", digest).with_suffix(".json")

    @property
    def runs(self) -> Path:
        """Folder of the runs' logs."""
        return self.root / "runs"

    def _below(self, folder: str, digest: str) -> Path:
        if not DIGEST.fullmatch(digest):
            raise StoreError(f"store {self.root}: {digest!r} is not a digest (32 hexadecimal digits)")
        return self.root / folder / digest
