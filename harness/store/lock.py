"""Locks of a store that several machines share: an owner's file, kept fresh while the owner lives.

The kernel's file locks are no good here: some file systems have none (Lustre mounted without `-o flock`) and
some hold them for one machine only (`localflock`), without telling. A lock is a file that only one process
can create (`O_CREAT | O_EXCL`, atomic on NFS 3 and later). It names its owner, who sets its time every few
seconds. It is free again when its owner has ended on this machine, or has not been heard of for a while.
"""

import os
import secrets
import socket
import threading
import time
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from pydantic import ValidationError

from harness.frozen_model import FrozenModel

HEARTBEAT_SECONDS = 10.0
LOST_SECONDS = 90.0
"""Longer than file systems keep times of files in their caches (NFS: up to 60 s, `man 5 nfs`, acregmax)."""

_POLL_SECONDS = 0.1
_SAME_START = 0.02


class Owner(FrozenModel):
    """Who holds a lock.

    Attributes:
        host: Name of the machine, for people.
        place: Identity of the running system and of its process numbers.
        pid: Of the process.
        started: When that process began, in seconds since 1970.
        since: When it took the lock, in seconds since 1970.
        attempt: What it does, such as the attempt at a step; may be empty.
    """

    host: str
    place: str
    pid: int
    started: float
    since: float
    attempt: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether the process is known to have ended: it was one of this system, and is no more."""
        if self.place != _place():
            return False
        try:
            process = psutil.Process(self.pid)
            return bool(
                abs(process.create_time() - self.started) > _SAME_START
                or process.status() == psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return True


class EntryLock:
    """The right to make one entry of a store, held by at most one owner."""

    def __init__(self, path: Path, attempt: str = "", lost: Collection[str] = ()) -> None:
        """Prepare to take a lock.

        Args:
            path: Its file.
            attempt: What the lock is taken for.
            lost: Attempts whose processes are known to have ended, on whichever machine.
        """
        self._path, self._attempt, self._lost = path, attempt, lost
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """Take the lock if it is free, or if its owner is lost; say whether it is held now."""
        while self._descriptor is None:
            try:
                descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
            except FileNotFoundError:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except FileExistsError:
                if not self._take_from_lost_owner():
                    return False
            else:
                os.write(descriptor, _this_process(self._attempt).model_dump_json().encode())
                self._descriptor = descriptor
                _HEART.beat_for(descriptor)
        return self.is_held

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock, and nobody took it for lost."""
        if self._descriptor is None:
            return False
        try:
            return _inode(self._path.stat()) == _inode(os.fstat(self._descriptor))
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Give the lock up; nothing where it is not held."""
        if self._descriptor is None:
            return
        _HEART.stop_for(self._descriptor)
        if self.is_held:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None

    def __enter__(self) -> Self:
        """Take the lock, waiting for it."""
        while not self.try_acquire():
            time.sleep(_POLL_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lock up."""
        self.release()

    def _take_from_lost_owner(self) -> bool:
        """Remove the file of an owner that is lost; say whether the lock may be free now."""
        try:
            seen = self._path.read_bytes()
            if not is_lost(self._path, self._lost):
                return False
            aside = self._path.with_name(f".{self._path.name}.{secrets.token_hex(6)}")
            self._path.rename(aside)
        except FileNotFoundError:
            return True
        try:
            if aside.read_bytes() != seen:
                # Between the look and the move another one had taken it over: it gets its lock back.
                with suppress(FileExistsError):
                    os.link(aside, self._path)
                return False
        finally:
            aside.unlink(missing_ok=True)
        return True


def owner_of(path: Path) -> Owner | None:
    """Return who holds the lock of a file; None where nobody does, or it is just being taken."""
    try:
        return Owner.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def is_lost(path: Path, lost: Collection[str] = ()) -> bool:
    """Return whether a lock's owner has ended, or has not been heard of for `LOST_SECONDS`.

    Args:
        path: The lock's file.
        lost: Attempts that are known to have ended.

    Raises:
        FileNotFoundError: there is no owner.
    """
    owner = owner_of(path)
    if owner is not None and (owner.attempt in lost or owner.has_ended):
        return True
    return _now_there(path.parent) - path.stat().st_mtime > LOST_SECONDS


def _now_there(folder: Path) -> float:
    """Return the time by the clock of the file system that holds a folder."""
    probe = folder / f".clock.{secrets.token_hex(6)}"
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _inode(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _this_process(attempt: str) -> Owner:
    process = psutil.Process()
    return Owner(
        host=socket.gethostname(),
        place=_place(),
        pid=process.pid,
        started=process.create_time(),
        since=time.time(),
        attempt=attempt,
    )


@cache
def _place() -> str:
    """Return what tells systems apart whose process numbers differ: since which start, in which container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return f"{socket.gethostname()} {psutil.boot_time():.0f}"


class _Heart:
    """Sets the times of the locks that this process holds, as long as it lives."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._changed = threading.Lock()
        self._thread: threading.Thread | None = None

    def beat_for(self, descriptor: int) -> None:
        with self._changed:
            self._held.add(descriptor)
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, daemon=True, name="heartbeat")
                self._thread.start()

    def stop_for(self, descriptor: int) -> None:
        with self._changed:
            self._held.discard(descriptor)

    def _beat(self) -> None:
        while True:
            time.sleep(HEARTBEAT_SECONDS)
            with self._changed:
                for descriptor in self._held:
                    with suppress(OSError):
                        os.utime(descriptor)


_HEART = _Heart()
