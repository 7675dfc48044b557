"""What `xstilts run` and its local workers tell each other: lines of JSON through a socket."""

import socket
import threading
import time
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, TypeAdapter

from harness.execution.events import Event
from harness.execution.request import StepRequest
from harness.frozen_model import FrozenModel

_BYTES = 1 << 16


class RunOrder(FrozenModel):
    """Carry a step out."""

    kind: Literal["run"] = "run"
    request: StepRequest


class CancelOrder(FrozenModel):
    """Save a resume point and end."""

    kind: Literal["cancel"] = "cancel"


class EndOrder(FrozenModel):
    """End once what was published is in the store."""

    kind: Literal["end"] = "end"


class Hello(FrozenModel):
    """A process of a worker is there.

    Attributes:
        worker: Number that the worker was started with.
    """

    kind: Literal["hello"] = "hello"
    worker: int
    rank: int


class Told(FrozenModel):
    """An event of a step on one rank.

    Attributes:
        time: Seconds since 1970.
        leaves: The worker's processes end now, and take no other step.
    """

    kind: Literal["told"] = "told"
    attempt: str
    rank: int
    event: Annotated[Event, Field(discriminator="kind")]
    leaves: bool = False
    time: float = Field(default_factory=time.time)


Order = RunOrder | CancelOrder | EndOrder
Message = Hello | Told

order_adapter: TypeAdapter[Order] = TypeAdapter(Annotated[Order, Field(discriminator="kind")])
message_adapter: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])


class Channel:
    """One end of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._rest = b""

    @classmethod
    def connect(cls, path: Path) -> Self:
        """Connect to the socket of a run."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(str(path))
        return cls(connection)

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._connection.fileno()

    def send(self, message: BaseModel) -> None:
        """Send a message.

        Raises:
            OSError: the other end is gone.
        """
        with self._sending:
            self._connection.sendall(message.model_dump_json().encode() + b"\n")

    def receive(self) -> list[bytes] | None:
        """Wait for something and return the messages that are complete; None when the other end is gone."""
        try:
            content = self._connection.recv(_BYTES)
        except OSError:
            return None
        if not content:
            return None
        *lines, self._rest = (self._rest + content).split(b"\n")
        return lines

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
