"""A stage: one fine-tuning of the encoder on one training task, after the stages before it."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["intermediate", "target"]


@dataclass(frozen=True, slots=True)
class Stage:
    """A node of the plan, named by the path that leads to it.

    Attributes:
        path: Training tasks from the pretrained model to this stage, its own task last.
        seed: The seed of this stage and of all stages before it.
        role: Whether the stage prepares the encoder or trains the target task.
    """

    path: tuple[str, ...]
    seed: int
    role: Role

    @property
    def task(self) -> str:
        """The training task of this stage."""
        return self.path[-1]

    @property
    def parent(self) -> "Stage | None":
        """The stage before this one; None when it starts from the pretrained model."""
        if len(self.path) == 1:
            return None
        return Stage(self.path[:-1], self.seed, "intermediate")

    def line(self) -> "tuple[Stage, ...]":
        """Return the stages from the first to this one."""
        return (*(self.parent.line() if self.parent else ()), self)

    def __str__(self) -> str:
        """Return the path in words, as progress lines and errors show it."""
        return f"{' → '.join(self.path)} (seed {self.seed})"
