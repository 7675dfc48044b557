"""Rows of tagging: the words of a sentence and the ids of their tags."""

from typing import Any

from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples, fault, table
from harness.kinds.tagging.task import TaggingTask, is_bio
from harness.message_text import in_short, names_in_short

UNKNOWN_TAG = -1
_REMEDY = "correct the row, or the task's 'words', 'tags' and 'labels'"


def examples(task: TaggingTask, source: SourceColumns, trained: tuple[str, ...] = ()) -> Examples:
    """Return the rows: text_a (words with blanks between), text_b (null), words, tags (list of int64).

    Args:
        task: The task.
        source: Its columns.
        trained: Tags that a model knows, for held-out rows of a task that lists none: others are -1.

    Raises:
        FaultyRowError: words and tags are no lists of one length, a word is empty, a tag is none of the
            task's or does not follow its scheme.
    """
    import pyarrow as pa

    classes = source.class_names.get(task.tags)
    words = [_words(task, source, row) for row in range(len(source))]
    tags = [_tags(task, source, row, classes, len(words[row])) for row in range(len(source))]
    labels = task.labels or trained or tuple(sorted({tag for sentence in tags for tag in sentence}))
    known = {tag: position for position, tag in enumerate(labels)}
    if task.labels:
        _require_known(source, tags, known)
    columns: dict[str, list[Any]] = {
        "text_a": [" ".join(sentence) for sentence in words],
        "text_b": [None] * len(words),
        "words": words,
        "tags": [[known.get(tag, UNKNOWN_TAG) for tag in sentence] for sentence in tags],
    }
    types = {"words": pa.list_(pa.string()), "tags": pa.list_(pa.int64())}
    return Examples(table(columns, types), labels=labels)


def _words(task: TaggingTask, source: SourceColumns, row: int) -> list[str]:
    found = source.columns[task.words][row]
    if not isinstance(found, list) or not found or not all(isinstance(w, str) and w.strip() for w in found):
        raise fault(source, row, f"{task.words} is {in_short(found)}, not a list of words", _REMEDY)
    return found


def _tags(
    task: TaggingTask, source: SourceColumns, row: int, classes: tuple[str, ...] | None, count: int
) -> list[str]:
    found = source.columns[task.tags][row]
    if not isinstance(found, list) or len(found) != count:
        what = f"{task.tags} is {in_short(found)}, not a list of {count} tags, one for each word"
        raise fault(source, row, what, _REMEDY)
    names = [_name(task, tag, classes) for tag in found]
    for tag, name in zip(found, names, strict=True):
        if name is None:
            raise fault(source, row, f"the tag {in_short(tag)} is no text and has no name here", _REMEDY)
        if task.scheme == "bio" and not is_bio(name):
            what = f"the tag {in_short(name)} is neither O nor begins with B- or I-"
            raise fault(source, row, what, "correct the row, or set 'scheme: plain'")
    return [name for name in names if name is not None]


def _name(task: TaggingTask, tag: Any, classes: tuple[str, ...] | None) -> str | None:
    if isinstance(tag, str):
        return tag
    names = classes or task.labels
    return names[tag] if type(tag) is int and 0 <= tag < len(names) else None


def _require_known(source: SourceColumns, tags: list[list[str]], known: dict[str, int]) -> None:
    for row, sentence in enumerate(tags):
        for tag in sentence:
            if tag not in known:
                raise fault(
                    source, row, f"the tag {in_short(tag)} is none of {names_in_short(known)}", _REMEDY
                )
