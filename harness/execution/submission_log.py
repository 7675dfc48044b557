"""What a run handed to its executor: `submitted.jsonl` in its folder, a step a line."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from harness.execution.executors.base import Handle
from harness.execution.request import StepRequest
from harness.frozen_model import FrozenModel

NAME = "submitted.jsonl"


class Submission(FrozenModel):
    """An attempt at a step.

    Attributes:
        attempt: Its identity, which the owner of the entry's lock names (harness.store.lock).
        label: What people call the step.
        name: What the executor calls the attempt, such as the number of a job.
        log: File of what its processes print, where there is one.
    """

    attempt: str
    digest: str
    kind: str
    label: str
    name: str
    log: str | None


class SubmissionLog:
    """Notes what is submitted."""

    def __init__(self, folder: Path) -> None:
        """Prepare to note.

        Args:
            folder: Of the run; made when it is first needed.
        """
        self._path = folder / NAME

    def add(self, request: StepRequest, handle: Handle) -> None:
        """Note a step."""
        submission = Submission(
            attempt=request.attempt,
            digest=request.step.digest,
            kind=request.step.kind,
            label=request.label,
            name=handle.name,
            log=str(handle.log) if handle.log else None,
        )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(submission.model_dump_json() + "\n")


def submissions(folder: Path) -> Iterator[Submission]:
    """Yield what a run submitted, as far as it is written down whole."""
    path = folder / NAME
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield Submission.model_validate_json(line)
        except ValidationError:
            return
