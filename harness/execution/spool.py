"""A folder through which the runner and the ranks of its worker talk.

Files, not pipes: every rank under torchrun can read them, also on a shared file system, and what was
said can be read afterwards.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from harness.execution.messages import Event, Request, event_adapter, request_adapter

_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Spool:
    """The folder of one worker: numbered requests, the events of rank 0, and the log."""

    folder: Path

    @property
    def events(self) -> Path:
        """One event a line."""
        return self.folder / "events.jsonl"

    @property
    def log(self) -> Path:
        """Everything that the worker and its libraries print."""
        return self.folder / "worker.log"

    def send(self, number: int, request: BaseModel) -> None:
        """Put a request where all ranks see it, whole or not at all."""
        path = self._request(number)
        temporary = path.with_suffix(".new")
        temporary.write_text(request.model_dump_json(), encoding="utf-8")
        temporary.rename(path)

    def requests(self) -> Iterator[Request]:
        """Yield the requests one after the other, waiting for each."""
        number = 0
        while True:
            path = self._request(number)
            if not path.exists():
                time.sleep(_POLL_SECONDS)
                continue
            yield request_adapter.validate_json(path.read_text(encoding="utf-8"))
            number += 1

    def report(self, event: BaseModel) -> None:
        """Append an event."""
        with self.events.open("a", encoding="utf-8") as file:
            file.write(event.model_dump_json() + "\n")

    def _request(self, number: int) -> Path:
        return self.folder / f"request-{number:06d}.json"


class EventReader:
    """Reads a spool's events as they arrive."""

    def __init__(self, spool: Spool) -> None:
        self._path = spool.events
        self._position = 0

    def new(self) -> list[Event]:
        """Return the complete events since the last call."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._position)
            content = file.read()
        complete = content[: content.rfind(b"\n") + 1]
        self._position += len(complete)
        return [event_adapter.validate_json(line) for line in complete.splitlines()]
