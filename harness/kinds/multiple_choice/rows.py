"""Rows of multiple choice: text_a is what is asked, `choices` the candidates, `label` the right one."""

from typing import Any

from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples, fault, table
from harness.kinds.multiple_choice.task import MultipleChoiceTask
from harness.message_text import in_short, names_in_short, values_in_short

_FEWEST, _MOST = 2, 5
_LONGEST_NUMBER = 10
_REMEDY = "correct the row, or the task's 'choices' and 'label'"


def examples(task: MultipleChoiceTask, source: SourceColumns) -> Examples:
    """Return the rows: text_a (string), text_b (null), choices (list of strings), label (int64).

    Raises:
        FaultyRowError: an input or candidate is no text, the candidates are not 2 to 5 and the same number in
            every row, or the label names none of them.
    """
    import pyarrow as pa

    inputs = {name: source.columns[name] for name in task.inputs}
    asked = [_asked(task, source, row, inputs) for row in range(len(source))]
    choices = [_choices(task, source, row) for row in range(len(source))]
    count = len(choices[0])
    for row, candidates in enumerate(choices):
        if len(candidates) != count:
            raise fault(source, row, f"{len(candidates)} candidates where row 1 has {count}", _REMEDY)
    label = [_label(task, source, row, count) for row in range(len(source))]
    columns: dict[str, list[Any]] = {
        "text_a": asked,
        "text_b": [None] * len(asked),
        "choices": choices,
        "label": label,
    }
    types = {"choices": pa.list_(pa.string()), "label": pa.int64()}
    return Examples(table(columns, types))


def choice_columns(task: MultipleChoiceTask) -> tuple[str, ...]:
    """Return the columns that hold the candidates; a dot in a name leads into a column of objects."""
    return (task.choices[0].split(".")[0],) if len(task.choices) == 1 else task.choices


def _asked(task: MultipleChoiceTask, source: SourceColumns, row: int, inputs: dict[str, Any]) -> str:
    parts = []
    for name, values in inputs.items():
        value = values[row]
        if not isinstance(value, str):
            raise fault(
                source, row, f"{name} is {in_short(value)}, not a text", "correct the row or 'inputs'"
            )
        words = (task.input_values or {}).get(name)
        if words is not None and value not in words:
            what = f"{name} is {in_short(value)}, which is none of {values_in_short(words)}"
            raise fault(source, row, what, "add it to 'input_values'")
        parts.append(words[value] if words else value)
    return " ".join(part.strip() for part in parts)


def _choices(task: MultipleChoiceTask, source: SourceColumns, row: int) -> list[str]:
    if len(task.choices) > 1:
        found: Any = [source.columns[name][row] for name in task.choices]
    else:
        first, *within = task.choices[0].split(".")
        found = source.columns[first][row]
        for key in within:
            found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, list) or not all(isinstance(choice, str) for choice in found):
        raise fault(source, row, f"the candidates are {in_short(found)}, not a list of texts", _REMEDY)
    if not _FEWEST <= len(found) <= _MOST:
        raise fault(source, row, f"{len(found)} candidates; {_FEWEST} to {_MOST} are allowed", _REMEDY)
    return found


def _label(task: MultipleChoiceTask, source: SourceColumns, row: int, count: int) -> int:
    value = source.columns[task.label][row]
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # integers beside missing values
    text = str(value).strip()
    classes = source.class_names.get(task.label)
    if classes and isinstance(value, int) and 0 <= value < len(classes):
        text = classes[value]
    label = -1
    theirs = _names_beside(task, source, row)
    if text in theirs:
        label = theirs.index(text)
    elif task.labels:
        label = task.labels.index(text) if text in task.labels else -1
    elif len(task.choices) > 1 and text in task.choices:
        label = task.choices.index(text)
    elif text.isascii() and text.isdecimal() and len(text) < _LONGEST_NUMBER:
        label = int(text) - task.first_label
    if not 0 <= label < count:
        names = task.labels or tuple(map(str, range(task.first_label, task.first_label + count)))
        what = f"{task.label} is {in_short(value)}, which names none of the {count} candidates"
        raise fault(
            source, row, what, f"it must be one of {names_in_short(names)}: correct the row, or 'labels'"
        )
    return label


def _names_beside(task: MultipleChoiceTask, source: SourceColumns, row: int) -> list[str]:
    """Return the names that a row itself gives its candidates, as ARC does: {text: […], label: [A, B, …]}."""
    first, *within = task.choices[0].split(".")
    beside = source.columns[first][row]
    for key in within[:-1]:
        beside = beside.get(key) if isinstance(beside, dict) else None
    names = beside.get("label") if within and isinstance(beside, dict) else None
    if not isinstance(names, list) or len(set(map(str, names))) != len(beside[within[-1]]):
        return []
    return list(map(str, names))
