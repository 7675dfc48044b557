"""The JSON files of leaderboards."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from harness.errors import UserError
from harness.frozen_model import FrozenModel
from harness.message_text import cut

M = TypeVar("M", bound=FrozenModel)


class BoardFileError(UserError):
    """A leaderboard's JSON file cannot be read as one."""


def canonical_json(model: FrozenModel) -> str:
    """Return the one JSON text of a model: same content, same bytes."""
    return model.model_dump_json(indent=1) + "\n"


def read_json(model: type[M], path: Path) -> M:
    """Read a model of this package from a JSON file.

    Raises:
        BoardFileError: The file is missing, is not JSON, or does not fit the model.
    """
    try:
        return model.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BoardFileError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise BoardFileError(
            f"{path}: {cut(where)}: {cut(first['msg'], 400)}{more}. Publish the leaderboard again by "
            f"`xstilts publish`, or by `xstilts merge {path.name} --replace` from the predictions beside it."
        ) from error
