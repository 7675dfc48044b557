"""What `orders:` in a sequence file can say."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from harness.config.balanced_design import Design
from harness.kinds.sources import Name

Length = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
MOST_LISTED = 100_000
"""Most orders of a design that is built order by order; complete designs are only counted."""


class _Design(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    prefixes: bool = Field(
        False,
        description="Also train every beginning of the orders as a control, and the target-only baseline.",
    )


class LengthOrders(_Design):
    """Every order of every choice of that many intermediate tasks; 0 is the target-only baseline."""

    lengths: tuple[Length, ...] = Field(min_length=1, description="How many tasks; 0: the target alone.")


class SampledOrders(_Design):
    """Different orders of one length, sampled uniformly at random."""

    sample: int = Field(ge=1, le=MOST_LISTED, description="How many orders.")
    length: int | None = Field(None, ge=1, description="Tasks of an order; default: all intermediates.")
    seed: Seed = Field(description="Decides which orders are drawn.")


class BalancedOrders(_Design):
    """Orders in which each task stands equally often in each position (`latin`).

    With `williams` each task also follows each other task equally often (Williams 1949,
    https://doi.org/10.1071/CH9490149): with n tasks, n orders where n is even, 2n where it is odd.
    """

    balanced: Design = Field(description="By position alone, or also by which task follows which.")
    length: int | None = Field(None, ge=1, description="Tasks of an order; default: all intermediates.")
    rows: int | None = Field(
        None, ge=1, le=MOST_LISTED, description="How many orders; default: the smallest balanced design."
    )
    seed: Seed = Field(0, description="Decides which of the designs it is.")


class ListedOrders(_Design):
    """Orders one by one, with the options of the other designs."""

    listed: tuple[tuple[Name, ...], ...] = Field(min_length=1, description="The orders.")
    repeats: bool = Field(False, description="Whether a task may occur more than once in an order.")


_DESIGNS = {
    "lengths": LengthOrders,
    "sample": SampledOrders,
    "balanced": BalancedOrders,
    "listed": ListedOrders,
}
ORDER_SHAPES = ("every order", "list of orders", *(f"{key} design" for key in _DESIGNS))
"""The tags of `Orders`, which pydantic puts into the places of its errors; none is a key of the file."""


def _shape(orders: Any) -> str | None:
    if isinstance(orders, str):
        return "every order"
    if isinstance(orders, list | tuple):
        return "list of orders"
    for key, design in _DESIGNS.items():
        if isinstance(orders, design) or (isinstance(orders, dict) and key in orders):
            return f"{key} design"
    return None


Orders = Annotated[
    Annotated[Literal["all"], Tag("every order")]
    | Annotated[tuple[tuple[Name, ...], ...], Field(min_length=1), Tag("list of orders")]
    | Annotated[LengthOrders, Tag("lengths design")]
    | Annotated[SampledOrders, Tag("sample design")]
    | Annotated[BalancedOrders, Tag("balanced design")]
    | Annotated[ListedOrders, Tag("listed design")],
    Discriminator(_shape),
]
