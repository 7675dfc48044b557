"""The files kept with a leaderboard against what it says of them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from harness.config.problem import SpecError
from harness.config.sequence_file import SequenceFile
from harness.config.yaml_source import parse_yaml
from harness.results.board import Board, Provenance
from harness.results.difference import Difference, display
from harness.results.kept_files import KeptFiles

_SPLITS_WORK = {"accumulation", "head"}


def check_kept_files(board: Board, file: str) -> Iterator[Difference]:
    """Yield where kept sequence files are not the recorded ones, or settings not those of the kept files.

    Args:
        board: The leaderboard.
        file: Name of its JSON file, for the differences.
    """
    for kept, made in zip(board.files, board.parts or (board.provenance,), strict=False):
        if kept is None:
            continue
        digest = hashlib.sha256(kept.sequence.encode()).hexdigest()
        if digest != made.sequence_sha256:
            yield Difference(
                file, kept.name, "files.sequence", display(made.sequence_sha256), display(digest)
            )
        yield from _settings(board, kept, made, file)


def _settings(board: Board, kept: KeptFiles, made: Provenance, file: str) -> Iterator[Difference]:
    try:
        spec = SequenceFile.model_validate(parse_yaml(Path(f"{kept.name}.yaml"), kept.sequence).data)
    except (SpecError, ValidationError) as error:
        yield Difference(file, kept.name, "files.sequence", "a sequence file", display(str(error)))
        return
    left_out = _SPLITS_WORK | ({"train_rows"} if made.trial else set())
    for one in board.settings:
        if one.stage not in (*spec.intermediates, *spec.targets):
            continue  # a few-shot stage, or a name that also shows languages
        published = one.hyperparameters.model_dump(mode="json", exclude=left_out)
        expected = spec.hyperparameters(one.stage).model_dump(mode="json", exclude=left_out)
        for key, value in expected.items():
            if published[key] != value:
                yield Difference(file, one.stage, f"settings.{key}", display(published[key]), display(value))
