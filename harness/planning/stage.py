"""A stage: one fine-tuning of the encoder on one training task, after the stages before it."""

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

Role = Literal["intermediate", "target", "few_shot", "encoder"]
"""`encoder` is no stage of training: a target without training rows scores the encoder as it is there."""


@dataclass(frozen=True, slots=True)
class Shots:
    """The examples of a few-shot stage: how many, of which language."""

    k: int
    language: str

    def __str__(self) -> str:
        """Return them as a path shows them."""
        return f"{self.k} {self.language}"


@dataclass(frozen=True, slots=True)
class Stage:
    """A node of the plan, named by the path that leads to it.

    Attributes:
        path: Training tasks (or mixtures) from the pretrained model to this stage, its own last; a few-shot
            stage's own is its `shots`.
        seed: The seed of this stage and of all stages before it.
        role: Whether the stage prepares the encoder, trains the target task, or goes on with it on a few
            examples; or only scores what the stages before it made.
        shots: Of a few-shot stage, its examples.
        sequence: Where sequences share no stages, the order and target of the one that it belongs to.
    """

    path: tuple[str, ...]
    seed: int
    role: Role
    shots: Shots | None = None
    sequence: tuple[str, ...] = ()

    @property
    def training_seed(self) -> int:
        """The seed that training takes: its own, or one drawn for its seed and sequence."""
        if not self.sequence:
            return self.seed
        name = json.dumps([self.seed, *self.sequence], ensure_ascii=True).encode()
        return int.from_bytes(hashlib.sha256(name).digest()[:4]) >> 1

    @property
    def task(self) -> str:
        """The training task or mixture of this stage; of a few-shot stage the target."""
        return self.path[-1] if self.shots is None else self.path[-2]

    @property
    def is_trained(self) -> bool:
        """Whether anything is trained; else the parent's encoder, or the pretrained model, is scored."""
        return self.role != "encoder"

    @property
    def is_evaluated(self) -> bool:
        """Whether the stage's checkpoint is scored."""
        return self.role != "intermediate"

    @property
    def parent(self) -> "Stage | None":
        """The stage before this one; None when it starts from the pretrained model."""
        if len(self.path) == 1:
            return None
        role: Role = "intermediate" if self.shots is None else "target"
        return Stage(self.path[:-1], self.seed, role, sequence=self.sequence)

    def lineage(self) -> "tuple[Stage, ...]":
        """Return the stages from the first to this one."""
        return (*(self.parent.lineage() if self.parent else ()), self)

    def __str__(self) -> str:
        """Return the path as progress lines and errors show it."""
        own = f" of {' → '.join(self.sequence)}" if self.sequence and self.role == "intermediate" else ""
        return f"{' → '.join(self.path)}{own} (seed {self.seed})"
