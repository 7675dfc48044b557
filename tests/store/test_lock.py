"""A lock outlives no owner, on whichever machine that one was, and is never held twice."""

import os
import time
from pathlib import Path

import pytest

from harness.store.lock import LOST_SECONDS, EntryLock, Owner


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "locks" / ("a" * 32)


def held_elsewhere(lock: Path, silent: float) -> None:
    """Another machine's lock, which has not been heard of for so many seconds."""
    lock.parent.mkdir(exist_ok=True)
    owner = Owner(
        host="node7", place="another system", pid=os.getpid(), started=0.0, since=0.0, attempt="run/1"
    )
    lock.write_text(owner.model_dump_json())
    heard = time.time() - silent
    os.utime(lock, (heard, heard))


def test_the_lock_of_another_machine_is_taken_over_once_that_is_silent(lock):
    held_elsewhere(lock, silent=LOST_SECONDS / 2)
    assert not EntryLock(lock).try_acquire()
    held_elsewhere(lock, silent=LOST_SECONDS + 5)
    ours = EntryLock(lock)
    assert ours.try_acquire() and not EntryLock(lock).try_acquire()


def test_the_lock_of_an_attempt_that_is_known_to_have_ended_is_taken_over_at_once(lock):
    held_elsewhere(lock, silent=0)
    assert not EntryLock(lock, lost=["run/0"]).try_acquire()
    assert EntryLock(lock, lost=["run/1"]).try_acquire()


def test_an_owner_that_was_taken_for_lost_learns_of_it(lock):
    ours = EntryLock(lock, "run/1")
    assert ours.try_acquire()
    theirs = EntryLock(lock, lost=["run/1"])
    assert theirs.try_acquire() and not ours.is_held
    ours.release()
    assert theirs.is_held
