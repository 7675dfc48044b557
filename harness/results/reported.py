"""Numbers that others published, shown in a block of their own and marked as not of this project.

The file is a JSON object. Two kinds of entry are read, all others are left alone:

- `TARGET_by_language…`: `{"source": …, "languages": [codes], "MODEL": [percent per language], …}`
- `…_averages`: `{"source": …, "MODEL": {"TARGET": percent, …}, …}`
"""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from harness.errors import UserError
from harness.frozen_model import FrozenModel
from harness.message_text import cut, in_short

_BY_LANGUAGE = "_by_language"
_AVERAGES = "_averages"
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class ReportedFileError(UserError):
    """The file of reported numbers cannot be used as it stands."""


class ReportedRow(FrozenModel):
    """One published model on one target, in percent as printed there."""

    target: str
    model: str
    source: str
    average: Percent
    languages: dict[str, Percent]


def read_reported(path: Path, targets: tuple[str, ...]) -> tuple[ReportedRow, ...]:
    """Read the rows that concern the given targets, in the file's order.

    Raises:
        ReportedFileError: The file is missing or no JSON, or an entry has no source, a number that is
            no percentage, or another count of numbers than languages.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        json.dumps(content, ensure_ascii=False).encode()  # an escape can stand for half a character
    except (OSError, ValueError, RecursionError) as error:
        raise ReportedFileError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(content, dict):
        raise ReportedFileError(f"{path}: holds a {type(content).__name__}; an object is expected")
    if not any(_BY_LANGUAGE in key or key.endswith(_AVERAGES) for key in content):
        raise ReportedFileError(
            f"{path}: no entry of it is known; write TARGET{_BY_LANGUAGE}: {{source, languages: [codes], "
            f"MODEL: [percent of each]}} or NAME{_AVERAGES}: {{source, MODEL: {{TARGET: percent}}}}"
        )
    rows: list[ReportedRow] = []
    for key, entry in content.items():
        try:
            if _BY_LANGUAGE in key:
                target = key[: key.index(_BY_LANGUAGE)]
                if target in targets:
                    rows += _by_language(path, key, target, entry)
            elif key.endswith(_AVERAGES):
                rows += _averages(path, key, targets, entry)
        except ValidationError as error:
            what = error.errors()[0]["msg"]
            raise ReportedFileError(f"{path}: {cut(key)}: {cut(what, 200)}") from error
    return tuple(rows)


def _by_language(path: Path, key: str, target: str, entry: Any) -> list[ReportedRow]:
    source, models = _source(path, key, entry)
    languages = models.pop("languages", None)
    if not isinstance(languages, list) or not all(isinstance(code, str) for code in languages):
        raise ReportedFileError(f"{path}: {cut(key)}.languages: a list of language codes is needed")
    rows = []
    for model, numbers in models.items():
        if not isinstance(numbers, list) or len(numbers) != len(languages) or not numbers:
            raise ReportedFileError(
                f"{path}: {cut(f'{key}.{model}')}: one number for each of {len(languages)} languages"
            )
        values = [_percentage(path, f"{key}.{model}", number) for number in numbers]
        rows.append(
            ReportedRow(
                target=target,
                model=model,
                source=source,
                average=sum(values) / len(values),
                languages=dict(zip(languages, values, strict=True)),
            )
        )
    return rows


def _averages(path: Path, key: str, targets: tuple[str, ...], entry: Any) -> list[ReportedRow]:
    source, models = _source(path, key, entry)
    rows = []
    for model, numbers in models.items():
        if not isinstance(numbers, dict):
            raise ReportedFileError(
                f"{path}: {cut(f'{key}.{model}')}: an object of target and percent is needed"
            )
        for target in targets:
            if target in numbers:
                value = _percentage(path, f"{key}.{model}.{target}", numbers[target])
                rows.append(
                    ReportedRow(target=target, model=model, source=source, average=value, languages={})
                )
    return rows


def _source(path: Path, key: str, entry: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(entry, dict) or not isinstance(entry.get("source"), str) or not entry["source"].strip():
        raise ReportedFileError(f"{path}: {cut(key)}: `source` must say where the numbers were published")
    return entry["source"], {name: value for name, value in entry.items() if name != "source"}


def _percentage(path: Path, place: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise ReportedFileError(
            f"{path}: {cut(place)}: {in_short(value)} is not a percentage between 0 and 100"
        )
    return float(value)
