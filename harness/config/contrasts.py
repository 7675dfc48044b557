"""Which comparisons a sequence file declares as its primary ones, before there are results."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from harness.config.outline import Outline
from harness.config.problem import Problem, listed
from harness.frozen_model import FrozenModel
from harness.kinds.sources import Name
from harness.message_text import nearest

OrderNames = tuple[Name, ...]


class NamedContrast(FrozenModel):
    """One comparison of rows with the same tasks: exactly one of its keys."""

    before: tuple[Name, Name] | None = Field(None, description="The first task before the second.")
    last: Name | None = Field(None, description="The task as the last before the target.")
    first: Name | None = Field(None, description="The task as the first.")
    pair: tuple[OrderNames, OrderNames] | None = Field(None, description="One order against another.")

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("give exactly one of before, last, first and pair")
        return self

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that it names."""
        single = tuple(name for name in (self.last, self.first) if name is not None)
        return (*(self.before or ()), *single, *(name for order in self.pair or () for name in order))

    def __str__(self) -> str:
        """Return it as pages show it."""
        if self.before:
            return f"{self.before[0]} before {self.before[1]}"
        if self.pair:
            return " against ".join(" → ".join(order) or "target only" for order in self.pair)
        return f"{self.last} last" if self.last else f"{self.first} first"


def _shape(value: object) -> str:
    return "family" if isinstance(value, str) else "named contrast"


Contrast = Annotated[
    Annotated[Literal["order", "baseline"], Tag("family")] | Annotated[NamedContrast, Tag("named contrast")],
    Discriminator(_shape),
]
CONTRAST_TAGS = frozenset({"family", "named contrast"})
Contrasts = Annotated[tuple[Contrast, ...], Field(max_length=20)]


def contrast_problems(outline: Outline) -> Iterator[Problem]:
    """Yield contrasts over tasks that the file does not train before a target."""
    known = list(outline.intermediates.values())
    for key, names in outline.contrasts.items():
        for name in names:
            if name not in known:
                remedy = f"{nearest(name, known)}Name some of {listed(known)}"
                yield outline.source.problem(key, f"{name} is no intermediate task of this file", remedy)
