"""Rows of span extraction: text_a is the question, text_b the context, and where the answers stand in it."""

from typing import Any

from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples, fault, table
from harness.kinds.span_extraction.task import SpanExtractionTask
from harness.message_text import in_short


def examples(task: SpanExtractionTask, source: SourceColumns) -> Examples:
    """Return the rows: text_a, text_b, answer_starts (list of int64, characters), answer_texts.

    An answer that does not stand at its start exactly is moved to its nearest occurrence; a question none of
    whose answers occur in the context is left out, since nothing could be learnt from it.

    Raises:
        FaultyRowError: question or context is no text, the answers are not laid out as SQuAD's, or there are
            none though the task does not say `unanswerable`.
    """
    import pyarrow as pa

    rows: dict[str, list[Any]] = {"text_a": [], "text_b": [], "answer_starts": [], "answer_texts": []}
    dropped = 0
    for row in range(len(source)):
        question, context = (_text(source, row, name) for name in (task.question, task.context))
        answers = _answers(task, source, row)
        placed = [(at, text) for start, text in answers if (at := _place(context, start, text)) is not None]
        if answers and not placed:
            dropped += 1
            continue
        rows["text_a"].append(question)
        rows["text_b"].append(context)
        rows["answer_starts"].append([at for at, _ in placed])
        rows["answer_texts"].append([text for _, text in placed])
    types = {"answer_starts": pa.list_(pa.int64()), "answer_texts": pa.list_(pa.string())}
    return Examples(table(rows, types), (), dropped, "their answers do not occur in their contexts")


def _text(source: SourceColumns, row: int, column: str) -> str:
    value = source.columns[column][row]
    if not isinstance(value, str) or not value.strip():
        what = f"{column} is {in_short(value)}, not a text"
        raise fault(source, row, what, "correct the row, or the columns that the task names")
    return value


def _answers(task: SpanExtractionTask, source: SourceColumns, row: int) -> list[tuple[int, str]]:
    found = source.columns[task.answers][row]
    texts, starts = (
        (found.get("text"), found.get("answer_start")) if isinstance(found, dict) else (None, None)
    )
    if (
        not isinstance(texts, list)
        or not isinstance(starts, list)
        or len(texts) != len(starts)
        or not all(isinstance(text, str) for text in texts)
        or not all(type(start) is int and start >= 0 for start in starts)
    ):
        what = f"{task.answers} is {in_short(found)}, not the lists text and answer_start of one length"
        raise fault(source, row, what, "correct the row, or the task's 'answers'")
    answers = [(start, text) for start, text in zip(starts, texts, strict=True) if text.strip()]
    if not answers and not task.unanswerable:
        remedy = "correct the row, or set 'unanswerable: true' in the task file"
        raise fault(source, row, "a question without an answer", remedy)
    return answers


def _place(context: str, start: int, text: str) -> int | None:
    if context.startswith(text, start):
        return start
    before, after = context.rfind(text, 0, start), context.find(text, start)
    places = [at for at in (before, after) if at >= 0]
    return min(places, key=lambda at: abs(at - start)) if places else None
