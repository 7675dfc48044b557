"""From the label values of a source to label ids."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import UserError
from harness.kinds.columns import SourceColumns
from harness.message_text import in_short, values_in_short

# What GLUE (-1), SNLI ('-') and unlabeled test files (empty) write in place of a label.
NO_LABEL = frozenset({"", "-", "-1", "None"})
UNLABELLED = -1
_MOST_SHOWN = 5
_WHOLE = re.compile(r"-?[0-9]+\.0")


class UnknownLabelError(UserError):
    """A row's label is none of those that the task names."""


class UnlabelledRowsError(UserError):
    """Rows without a label, where every row needs one."""


def label_ids(
    source: SourceColumns, column: str, names: Sequence[str], values: Mapping[str, str] | None
) -> list[int]:
    """Return the position in `names` of every row's label; -1 for rows without one.

    A value is looked up in `values` (value -> name), else it is a name itself, else, for the integers of
    typed sources (parquet, arrow, hub), the name of its class in the source. Blanks around a text are no part
    of it. An integer without a name is never taken for a position in `names`: their order is the task's own.

    Raises:
        UnknownLabelError: a value fits none of these; names the first row that holds it.
    """
    found = source.columns[column]
    classes = source.class_names.get(column)
    # True, 1 and 1.0 are equal, but need not mean the same.
    known: dict[tuple[type, Any], int] = {}
    for row, value in enumerate(found):
        if isinstance(value, list | dict):
            raise _unknown(source, row, column, value, names, values)
    for kind, value in dict.fromkeys((type(value), value) for value in found):
        label = _label_id(value, names, values or {}, classes)
        if label is None:
            row = next(row for row, one in enumerate(found) if type(one) is kind and one == value)
            raise _unknown(source, row, column, value, names, values)
        known[kind, value] = label
    return [known[type(value), value] for value in found]


def require_labelled(source: SourceColumns, column: str, ids: Sequence[int], remedy: str) -> None:
    """Check that every row has a label.

    Raises:
        UnlabelledRowsError: one has none; names the first and counts them.
    """
    without = ids.count(UNLABELLED)
    if without:
        row = ids.index(UNLABELLED)
        raise UnlabelledRowsError(
            f"{source.place(row)}: no label ({column} is {in_short(source.columns[column][row])}), as in "
            f"{without} of {len(ids)} rows; {remedy}"
        )


def _label_id(
    value: Any, names: Sequence[str], values: Mapping[str, str], classes: tuple[str, ...] | None
) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # integers beside missing values
    written = [str(value), str(value).strip()]
    if isinstance(value, bool):
        written.append(str(value).lower())  # as JSON and YAML write it
    elif isinstance(value, str) and _WHOLE.fullmatch(written[-1]):
        written.append(written[-1].split(".")[0])  # pandas writes integers beside missing values so
    if type(value) is int and classes and 0 <= value < len(classes):
        written.insert(0, classes[value])
    for text in written:
        if text in values:
            return names.index(values[text])
        if text in names:
            return names.index(text)
    if written[-1] in NO_LABEL:
        return UNLABELLED
    return None


def _unknown(
    source: SourceColumns,
    row: int,
    column: str,
    value: Any,
    names: Sequence[str],
    values: Mapping[str, str] | None,
) -> UnknownLabelError:
    classes = source.class_names.get(column)
    named = classes and type(value) is int and 0 <= value < len(classes)
    shown = in_short(value) + (f" ({in_short(classes[value])})" if classes and named else "")
    allowed = [*(values or ()), *names]
    if str(value).strip().isdecimal() and not named and not values:
        example = ", ".join(f'"{number}": …' for number in range(min(len(names), _MOST_SHOWN)))
        return UnknownLabelError(
            f"{source.place(row)}: {column} is {shown}, a number, and the file does not say which of "
            f"{values_in_short(names)} it means; say it in the task file: label_values: {{{example}}}"
        )
    lower = {name.lower(): name for name in allowed}
    near = difflib.get_close_matches(str(value)[:80].lower(), lower, n=1)
    hint = f" (did you mean {in_short(lower[near[0]])}?)" if near else ""
    return UnknownLabelError(
        f"{source.place(row)}: {column} is {shown}, which is none of {values_in_short(allowed)}{hint}; "
        "correct the row, or the task's 'label', 'labels' and 'label_values' (a header line counts as a row "
        "where the source lists 'columns')"
    )
