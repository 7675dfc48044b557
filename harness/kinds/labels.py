"""From the label values of a source to label ids."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import UserError
from harness.kinds.columns import SourceColumns
from harness.message_text import in_short, values_in_short

# What GLUE (-1), SNLI ('-') and unlabelled test files (empty) write in place of a label.
NO_LABEL = frozenset({"", "-", "-1", "None"})
UNLABELLED = -1


class UnknownLabelError(UserError):
    """A row's label is none of those that the task names."""


class UnlabelledRowsError(UserError):
    """Rows without a label, where every row needs one."""


def label_ids(
    source: SourceColumns, column: str, names: Sequence[str], values: Mapping[str, str] | None
) -> list[int]:
    """Return the position in `names` of every row's label; -1 for rows without one.

    A value is looked up in `values` (value -> name), else it is a name itself, else, for the integers of
    typed sources (parquet, JSON lines, hub), the name of its class in the source or its position in `names`.

    Raises:
        UnknownLabelError: a value fits none of these; names the first row that holds it.
    """
    found = source.columns[column]
    classes = source.class_names.get(column)
    known: dict[Any, int] = {}
    for row, value in enumerate(found):
        if isinstance(value, list | dict):
            raise _unknown(source, row, column, value, names, values)
    for value in dict.fromkeys(found):
        label = _label_id(value, names, values or {}, classes)
        if label is None:
            raise _unknown(source, found.index(value), column, value, names, values)
        known[value] = label
    return [known[value] for value in found]


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
    written = [str(value)]
    if isinstance(value, int) and classes and 0 <= value < len(classes):
        written.insert(0, classes[value])
    for text in written:
        if text in values:
            return names.index(values[text])
        if text in names:
            return names.index(text)
    if written[-1] in NO_LABEL:
        return UNLABELLED
    positional = type(value) is int and not classes and not values
    return value if positional and 0 <= value < len(names) else None


def _unknown(
    source: SourceColumns,
    row: int,
    column: str,
    value: Any,
    names: Sequence[str],
    values: Mapping[str, str] | None,
) -> UnknownLabelError:
    classes = source.class_names.get(column)
    named = classes and isinstance(value, int) and 0 <= value < len(classes)
    shown = in_short(value) + (f" ({in_short(classes[value])})" if classes and named else "")
    allowed = [*(values or ()), *names]
    near = difflib.get_close_matches(str(value)[:80], allowed, n=1)
    hint = f" (did you mean {in_short(near[0])}?)" if near else ""
    return UnknownLabelError(
        f"{source.place(row)}: {column} is {shown}, which is none of {values_in_short(allowed)}{hint}; "
        "correct the row, or the task's 'label', 'labels' and 'label_values' (a header line counts as a row "
        "where the source lists 'columns')"
    )
