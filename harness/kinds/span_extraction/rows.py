"""Rows of span extraction: text_a is the question, text_b the context, and where the answers stand in it."""

from typing import Any

from harness.kinds.columns import RowCount, SourceColumns, counted
from harness.kinds.examples import Examples, fault, table
from harness.kinds.span_extraction.task import SpanExtractionTask
from harness.message_text import in_short

_NEARLY_ALL = 0.95


def examples(task: SpanExtractionTask, source: SourceColumns) -> Examples:
    """Return the rows: text_a, text_b, answer_starts (list of int64, characters), answer_texts.

    A start counts characters, unless the whole file counts UTF-8 bytes (as TyDi QA's own release does) or
    UTF-16 units (as JavaScript does). An answer that does not stand at its start exactly is moved to its
    nearest occurrence; a question none of whose answers occur in the context is left out, since nothing could
    be learned from it.

    Raises:
        FaultyRowError: question or context is no text, the answers are not laid out as SQuAD's, or there are
            none though the task does not say `unanswerable`; no question is left.
    """
    import pyarrow as pa

    rows: dict[str, list[Any]] = {"text_a": [], "text_b": [], "answer_starts": [], "answer_texts": []}
    _require_answers(task, source)
    dropped = moved = lost = 0
    asked = [_text(source, row, task.question) for row in range(len(source))]
    contexts = [_text(source, row, task.context) for row in range(len(source))]
    every = [_answers(task, source, row) for row in range(len(source))]
    every, other_unit = _in_characters(contexts, every)
    for question, context, answers in zip(asked, contexts, every, strict=True):
        places = [_place(context, start, text) for start, text in answers]
        placed = [(at, text) for at, (_, text) in zip(places, answers, strict=True) if at is not None]
        if answers and not placed:
            dropped += 1
            continue
        lost += len(answers) - len(placed)
        moved += sum(at not in (None, start) for at, (start, _) in zip(places, answers, strict=True))
        rows["text_a"].append(question)
        rows["text_b"].append(context)
        rows["answer_starts"].append([at for at, _ in placed])
        rows["answer_texts"].append([text for _, text in placed])
    types = {"answer_starts": pa.list_(pa.int64()), "answer_texts": pa.list_(pa.string())}
    since = "their answers do not occur in their contexts"
    if dropped == len(source):
        raise fault(source, 0, f"no question is left, since {since}", "correct the file's answers")
    counts = (
        *other_unit,
        *counted(dropped, f"questions left out, since {since}"),
        *counted(lost, "further answers left out, since they do not occur in their contexts"),
        *counted(
            moved, "answers that stand elsewhere than the file says, taken from their nearest occurrence"
        ),
    )
    return Examples(table(rows, types), (), dropped, since, counts)


def _require_answers(task: SpanExtractionTask, source: SourceColumns) -> None:
    """Refuse files whose answers were taken out, which are not those of questions without an answer."""
    texts = [
        answers.get("text") if isinstance(answers, dict) else None for answers in source.columns[task.answers]
    ]
    if any(texts) and not any(
        isinstance(text, str) and text.strip() for found in texts for text in found or ()
    ):
        what = f"the answers of all {len(source):,} questions are empty"
        remedy = (
            "XTREME's own download takes the answers out of its test files: use the original release, which "
            "has them, or the hub"
        )
        raise fault(source, 0, what, remedy)


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
        or not all(
            type(start) is int and (start >= 0 or not text.strip())
            for start, text in zip(starts, texts, strict=True)
        )
    ):
        what = (
            f"{task.answers} is {in_short(found)}, not the lists text and answer_start of one length, with "
            "starts from 0"
        )
        raise fault(source, row, what, "correct the row, or the task's 'answers'")
    answers = [(start, text) for start, text in zip(starts, texts, strict=True) if text.strip()]
    if not answers and not task.unanswerable:
        remedy = "correct the row, or set 'unanswerable: true' in the task file"
        raise fault(source, row, "a question without an answer", remedy)
    return answers


def _in_characters(
    contexts: list[str], answers: list[list[tuple[int, str]]]
) -> tuple[list[list[tuple[int, str]]], tuple[RowCount, ...]]:
    """Return the answers with their starts in characters, and how many were counted in another unit.

    It is another one where nearly all answers whose start depends on the unit stand at it in that unit, and
    more than in characters.
    """
    for title, encoding, width in (("UTF-8 bytes", "utf-8", 1), ("UTF-16 units", "utf-16-le", 2)):
        converted = [
            found if context.isascii() else _converted(context, found, encoding, width)
            for context, found in zip(contexts, answers, strict=True)
        ]
        moved = fits = fitted = 0
        for context, before, after in zip(contexts, answers, converted, strict=True):
            for (old, text), (new, _) in zip(before, after, strict=True):
                if old != new:
                    moved += 1
                    fitted += context.startswith(text, old)
                    fits += context.startswith(text, new)
        if fits > fitted and fits >= _NEARLY_ALL * moved:
            what = f"answers whose starts are counted in {title}, turned into characters"
            return converted, counted(moved, what)
    return answers, ()


def _converted(
    context: str, answers: list[tuple[int, str]], encoding: str, width: int
) -> list[tuple[int, str]]:
    packed = context.encode(encoding)
    return [(len(packed[: start * width].decode(encoding, "ignore")), text) for start, text in answers]


def _place(context: str, start: int, text: str) -> int | None:
    if context.startswith(text, start):
        return start
    # The last occurrence that begins before the start may reach beyond it.
    before, after = context.rfind(text, 0, start + len(text)), context.find(text, start)
    places = [at for at in (before, after) if at >= 0]
    return min(places, key=lambda at: abs(at - start)) if places else None
