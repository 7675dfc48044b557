"""A seal on resume points, so that only this user's own are opened.

DeepSpeed keeps optimizer states as pickles, which run code when they are loaded. A store may come from
elsewhere; its resume points are then left alone, and the stage is trained from its beginning.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from harness.errors import UserError
from harness.resources import cache_folder

_BYTES = 32


class ResumeKeyError(UserError):
    """The key cannot be kept."""


def seal(content: bytes) -> str:
    """Return the seal (HMAC-SHA256, RFC 2104, in hex) of what a resume point says of itself.

    Raises:
        ResumeKeyError: there is no key yet, and none can be written to the cache folder.
    """
    return hmac.new(_key(), content, hashlib.sha256).hexdigest()


def is_sealed(content: bytes, found: str) -> bool:
    """Return whether a seal is that of this user's key."""
    return hmac.compare_digest(seal(content).encode(), found.encode())


def _key() -> bytes:
    path = cache_folder() / "resume.key"
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        key = b""
    except OSError as error:
        raise _unusable(path, error) from error
    return key if len(key) == _BYTES else _new_key(path)


def _new_key(path: Path) -> bytes:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        try:
            # Of several processes that write a key at once, the first decides.
            os.link(draft, path)
        except FileExistsError:
            if path.stat().st_size != _BYTES:
                draft.replace(path)
        except OSError:
            draft.replace(path)
        draft.unlink(missing_ok=True)
        return path.read_bytes()
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> ResumeKeyError:
    return ResumeKeyError(
        f"{path}: the key of resume points cannot be kept ({error.strerror}); set XSTILTS_CACHE to a "
        "writable folder"
    )
