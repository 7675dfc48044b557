"""Resume points: a stage that was killed goes on from the last one, to bit-identical weights.

Two slots are written in turn. A slot counts only when its `complete.json`, renamed into place last, lists
every file with its checksum; so a kill at any moment leaves the other slot usable. Only points that this
user sealed are opened (harness.training.resume_key).
"""

import hashlib
import logging
import shutil
import time
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from pydantic import BaseModel, ConfigDict, ValidationError

from harness.atomic_write import atomic_write
from harness.store.layout import StoreError, store_root
from harness.training.distributed import World, from_every_rank, on_first_rank
from harness.training.early_stopping import EvaluationsSoFar
from harness.training.resume_key import is_sealed, seal

FOLDER = "resume"
_COMPLETE = "complete.json"
_SEAL = "seal"
_SLOTS = ("a", "b")
_STATE = "deepspeed"
# Where saving takes long it is done less often: about this share of the time, but not ten times less often
# or, where a point takes long itself (of models of gigabytes), each half hour.
_SHARE_OF_TIME = 0.03
_LONGEST = 10
_SLOW_SECONDS, _LONGEST_SECONDS = 10.0, 1800.0

_log = logging.getLogger(__name__)


class SavedPoint(BaseModel):
    """What a slot holds.

    Attributes:
        identity: Digest over everything that must be the same to go on from here.
        step: Steps done.
        seconds: Time spent in training steps so far.
        pending: Losses that are not in the training log yet.
        files: Checksum (sha256, hex) of each file below the slot.
        made_with: What a person would look at first where the identity differs, such as `processes`.
        evaluations: Those that early stopping made, where there is any.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    identity: str
    step: int
    seconds: float
    pending: list[float]
    files: dict[str, str]
    made_with: dict[str, str] = {}
    evaluations: EvaluationsSoFar | None = None


class ResumePoints:
    """The resume points of one stage; every method is called on every rank."""

    def __init__(
        self,
        workdir: Path,
        identity: str,
        every: float,
        world: World,
        made_with: dict[str, str] | None = None,
    ) -> None:
        """Look after the resume points below `workdir`.

        Args:
            workdir: The stage's folder, shared by all ranks.
            identity: From `harness.training.resume_identity`.
            every: Seconds of training between two points, more where saving takes long (`pause`).
            world: This process's place.
            made_with: Kept with each point, to say why another run cannot go on from it.
        """
        self._folder = workdir / FOLDER
        self._key_folder = _key_folder(workdir)
        self._made_with = made_with or {}
        self.given_up: str | None = None
        """Why steps that were saved are trained again, after `load`; None where none are."""
        self._identity = identity
        self._every = every
        self._world = world
        self._next = _SLOTS[0]
        self._due = time.monotonic() + every

    def load(self, engine: Any) -> SavedPoint | None:
        """Bring the engine and the random generators to the newest valid point; None where there is none."""
        slot, point, self.given_up = on_first_rank(self._newest)
        if point is None:
            return None
        path, _ = engine.load_checkpoint(str(self._folder / slot), tag=_STATE, load_module_strict=False)
        assert path is not None, f"DeepSpeed found no checkpoint in {self._folder / slot}"
        generators = torch.load(self._generators(slot), weights_only=True)
        torch.set_rng_state(generators["cpu"])
        if self._world.device.type == "cuda":
            torch.cuda.set_rng_state(generators["cuda"], self._world.device)
        self._next = _other(slot)
        return point

    @property
    def due(self) -> bool:
        """Whether it is time to save, by this rank's clock."""
        return time.monotonic() >= self._due

    def save(
        self,
        engine: Any,
        step: int,
        seconds: float,
        pending: list[float],
        evaluations: EvaluationsSoFar | None = None,
    ) -> None:
        """Save a point after `step` steps."""
        started = time.monotonic()
        slot = self._folder / self._next
        on_first_rank(lambda: _empty(slot))
        engine.save_checkpoint(str(slot), tag=_STATE, save_latest=False, exclude_frozen_parameters=True)
        generators = {"cpu": torch.get_rng_state()}
        if self._world.device.type == "cuda":
            generators["cuda"] = torch.cuda.get_rng_state(self._world.device)
        torch.save(generators, self._generators(self._next))
        dist.barrier()
        # Each rank reads a share of the files: one alone would keep the others waiting for a large model's.
        parts = from_every_rank(_checksums(slot, self._world.rank, self._world.size))
        point = SavedPoint(
            identity=self._identity,
            step=step,
            seconds=seconds,
            pending=pending,
            files={name: checksum for part in parts for name, checksum in part.items()},
            made_with=self._made_with,
            evaluations=evaluations,
        )
        on_first_rank(lambda: self._complete(slot, point))
        self._next = _other(self._next)
        now = time.monotonic()
        self._due = now + pause(self._every, now - started)

    def remove(self) -> None:
        """Remove all points; the stage is finished."""
        dist.barrier()
        if self._world.rank == 0:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _generators(self, slot: str) -> Path:
        return self._folder / slot / f"generators-{self._world.rank}.pt"

    def _complete(self, slot: Path, point: SavedPoint) -> None:
        content = point.model_dump_json()
        (slot / _SEAL).write_text(seal(self._key_folder, content.encode()), encoding="utf-8")
        with atomic_write(slot / _COMPLETE) as draft:
            draft.write_text(content, encoding="utf-8")

    def _newest(self) -> tuple[str, SavedPoint | None, str | None]:
        """Return slot and content of the newest usable point, and what is to be said of a newer one."""
        found: list[tuple[int, str, SavedPoint]] = []
        given_up: tuple[int, str] = (0, "")
        for slot in _SLOTS:
            point = _read(self._folder / slot, self._key_folder)
            if point is not None and point.identity == self._identity:
                found.append((point.step, slot, point))
            elif point is not None:
                _log.warning("%s is of another job, process count or version; not used", self._folder / slot)
                given_up = max(given_up, (point.step, self._other_conditions(point)))
        usable = (one for one in sorted(found, reverse=True, key=lambda one: one[0]) if self._is_intact(one))
        step, slot, point = next(usable, (0, _SLOTS[0], None))
        return slot, point, given_up[1] if given_up[0] > step else None

    def _is_intact(self, found: tuple[int, str, SavedPoint]) -> bool:
        _, slot, point = found
        intact = _checksums(self._folder / slot) == point.files
        if not intact:
            _log.warning("%s is damaged; not used", self._folder / slot)
        return intact

    def _other_conditions(self, point: SavedPoint) -> str:
        differ = [
            f"{name} {point.made_with[name]} (now {now})"
            for name, now in self._made_with.items()
            if point.made_with.get(name, now) != now
        ]
        conditions = ", ".join(differ) or "other settings or versions"
        return (
            f"{point.step:,} steps were saved with {conditions} and are trained again: only under the same "
            "conditions does a stage go on to the same weights"
        )


def _other(slot: str) -> str:
    return _SLOTS[1 - _SLOTS.index(slot)]


def _empty(slot: Path) -> None:
    (slot / _COMPLETE).unlink(missing_ok=True)
    shutil.rmtree(slot, ignore_errors=True)
    slot.mkdir(parents=True)


def _key_folder(workdir: Path) -> Path:
    """Return the folder that holds the key: the store, or outside of any the folder of the workdirs."""
    try:
        return store_root(workdir)
    except StoreError:
        return workdir.parent


def _read(slot: Path, key_folder: Path) -> SavedPoint | None:
    try:
        content = (slot / _COMPLETE).read_bytes()
        point = SavedPoint.model_validate_json(content)
        found = (slot / _SEAL).read_text(encoding="ascii", errors="replace")
    except (OSError, ValidationError):
        return None
    if not is_sealed(key_folder, content, found):
        _log.warning("%s was not saved by this user in this store; not used", slot)
        return None
    return point


def pause(every: float, saving: float) -> float:
    """Return the seconds until the next point where the wish is one in `every` and saving took `saving`."""
    longest = max(_LONGEST * every, _LONGEST_SECONDS if saving > _SLOW_SECONDS else 0.0)
    return max(every, min(saving / _SHARE_OF_TIME, longest))


def _checksums(slot: Path, rank: int = 0, ranks: int = 1) -> dict[str, str]:
    """Return the checksums of a slot's files, or of a rank's share of them."""
    own = (_COMPLETE, _SEAL)
    files = sorted(path for path in slot.rglob("*") if path.is_file() and path.name not in own)
    return {str(path.relative_to(slot)): _sha256(path) for path in files[rank::ranks]}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
