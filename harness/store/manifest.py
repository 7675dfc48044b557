"""What every entry of a store says of itself, and the kinds of entries, which those who make them define."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import Field

from harness.frozen_model import FrozenModel
from harness.store.provenance import Environment

M = TypeVar("M", bound="Manifest")


class FileRecord(FrozenModel):
    """Checksum and size of one file of an entry."""

    sha256: str
    bytes: int


class Manifest(FrozenModel):
    """What an entry is, how it was made, and the checksums of its files.

    Attributes:
        digest: The entry's name, a digest of everything that can change its content.
        environment: The software and the machine that made it.
        finished: ISO 8601 time.
        files: Path below the entry's folder -> the file's record; the store fills it.
    """

    digest: str
    environment: Environment
    finished: str
    files: dict[str, FileRecord] = Field({})


@dataclass(frozen=True)
class EntryKind(Generic[M]):
    """A kind of entry: the folder of the store that holds it and the model of its manifests."""

    folder: str
    model: type[M]
