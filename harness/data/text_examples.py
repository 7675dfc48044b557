"""Rows of any kind as the texts that a text-to-text model reads, each behind its mark."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.config.text_format import TextFormat

Texts = tuple[str, ...]


def marked_texts(rows: Mapping[str, Sequence[Any]], text_format: TextFormat) -> tuple[Texts, list[Texts]]:
    """Return the marks of a task's inputs, and of each row the texts behind them.

    Args:
        rows: Columns of rows, as `harness.data.kinds` makes them.
        text_format: The task's format.
    """
    first = rows["text_a"]
    if text_format.kind == "multiple_choice":
        name, question = text_format.marks
        numbers = choice_names(len(rows["choices"][0]))
        marks = (f"{name} {numbers[0]}:", *(f"{number}:" for number in numbers[1:]), question)
        return marks, [(*choices, text) for choices, text in zip(rows["choices"], first, strict=True)]
    if len(text_format.marks) == 1:
        return text_format.marks, [(text,) for text in first]
    return text_format.marks, list(zip(first, rows["text_b"], strict=True))


def choice_names(count: int) -> Texts:
    """Return what the candidates of a multiple choice are called."""
    return tuple(f"choice{number}" for number in range(1, count + 1))


def joined(marks: Texts, texts: Texts) -> str:
    """Return the input: the texts, each behind its mark."""
    return " ".join(f"{mark} {text}" for mark, text in zip(marks, texts, strict=True))
