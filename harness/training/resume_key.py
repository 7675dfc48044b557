"""A seal on resume points, so that only points of this user that were made in this store are opened.

DeepSpeed keeps optimizer states as pickles, which run code when they are loaded. A store may come from
elsewhere; its resume points are then left alone, and the stage is trained from its beginning. The key lies
in the store, so that every machine that shares it can go on; what seals is the key together with the number
and the change time of its file, which an archive or a copy cannot bring along.
"""

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from harness.errors import UserError
from harness.store.lock import EntryLock

NAME = "resume.key"
_BYTES = 32
_OF_THIS_PROCESS = secrets.token_bytes(_BYTES)


class ResumeKeyError(UserError):
    """The key cannot be kept."""


def seal(folder: Path, content: bytes) -> str:
    """Return the seal (HMAC-SHA256, RFC 2104, in hex) of what a resume point says of itself.

    Args:
        folder: Holds the key; one is made where it holds none.
        content: What is sealed.

    Raises:
        ResumeKeyError: there is no key yet, and none can be written.
    """
    try:
        key = _key(folder / NAME) or _new_key(folder / NAME)
    except OSError as error:
        raise ResumeKeyError(
            f"{folder / NAME}: the key of resume points cannot be kept ({error.strerror}); make the store "
            "writable for this user, or choose another by --store"
        ) from error
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def is_sealed(folder: Path, content: bytes, found: str) -> bool:
    """Return whether a seal is that of a folder's key."""
    return hmac.compare_digest(seal(folder, content).encode(), found.encode())


def _key(path: Path) -> bytes | None:
    """Return the key of a file that only this user can have written or read; None for any other."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status, secret = os.fstat(descriptor), file.read(_BYTES + 1)
    private = status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077
    if not private or len(secret) != _BYTES or status.st_nlink != 1:
        return None
    return hashlib.sha256(secret + f"{status.st_ino} {status.st_ctime_ns}".encode()).digest()


def _new_key(path: Path) -> bytes:
    """Write a key, unless another process has just done so."""
    with EntryLock(path.with_name(f".{path.name}.lock")):
        if (key := _key(path)) is not None:
            return key
        # What is no key of this user's, or was left unfinished by a process that was killed.
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        # A file system without owners or modes keeps no secret: then points serve this process only.
        return _key(path) or _OF_THIS_PROCESS
