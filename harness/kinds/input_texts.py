"""The texts of a row's inputs: one, or a pair."""

import re
from collections.abc import Sequence

from harness.errors import UserError
from harness.kinds.columns import RowCount, SourceColumns, counted
from harness.message_text import in_short

_NO_SENTENCE = "NS"
_BYTES = re.compile(r"""\s*b(?:'.*'|".*")\s*""", re.DOTALL)


class NotTextError(UserError):
    """An input column holds something other than text."""


def input_texts(source: SourceColumns, inputs: Sequence[str]) -> tuple[Sequence[str], Sequence[str] | None]:
    """Return the first text column and, for pairs, the second.

    Raises:
        NotTextError: a value is null, a number or a list, names the first such row; or all are Python's
            literals of bytes (b'…'), as PAWS's script writes the sentences of PAWS-QQP under Python 3.
    """
    for column in inputs:
        values = source.columns[column]
        if not all(type(value) is str for value in values):
            row = next(at for at, value in enumerate(values) if type(value) is not str)
            raise NotTextError(
                f"{source.place(row)}: {column} is {in_short(values[row])}, not a text; correct the row, or "
                "the task's 'inputs'"
            )
        if all(map(_BYTES.fullmatch, values)):
            raise NotTextError(
                f"{source.place(0)}: {column} is {in_short(values[0])}, and so on in every row: bytes as "
                "Python shows them, not a text; write the file again, with decoded texts"
            )
    return source.columns[inputs[0]], source.columns[inputs[1]] if len(inputs) == 2 else None


def placeholders(text_a: Sequence[str], text_b: Sequence[str] | None) -> tuple[RowCount, ...]:
    """Count the rows with an empty text, and those with PAWS-X's mark for a sentence that has no translation.

    They are kept, since other results on these data sets have them too.
    """
    texts = list(zip(text_a, text_b, strict=True)) if text_b is not None else [(text,) for text in text_a]
    empty = sum(not all(map(str.strip, row)) for row in texts)
    marked = sum(any(text.strip() == _NO_SENTENCE for text in row) for row in texts)
    return counted(empty, "rows with an empty text, kept") + counted(
        marked, f"rows with the placeholder {_NO_SENTENCE} in place of a sentence, kept"
    )
