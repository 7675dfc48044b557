"""Rows of tagging: the words of a sentence and the ids of their tags."""

import re
from typing import Any

from harness.kinds.columns import RowCount, SourceColumns, counted
from harness.kinds.examples import Examples, fault, table
from harness.kinds.tagging.task import TaggingTask, is_bio
from harness.message_text import in_short, names_in_short

UNKNOWN_TAG = -1
# ISO 639 with perhaps more, as Wikipedia's languages have it (en:, zh-min-nan:).
_CODE = re.compile(r"[a-z]{2,3}(-[a-z]+)*:")
_REMEDY = "correct the row, or the task's 'words', 'tags' and 'labels'"


def examples(task: TaggingTask, source: SourceColumns, trained: tuple[str, ...] = ()) -> Examples:
    """Return the rows: text_a (words with blanks between), text_b (null), words, tags (list of int64).

    Of WikiANN's raw files, where a language code stands before each word, the code is taken off. Under the
    scheme bio a span that begins with I- (as most do in IOB1, CoNLL-2003's own scheme; Tjong Kim Sang and
    Veenstra 1999, https://aclanthology.org/E99-1023) begins with B-.

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
    counts = _take_off_codes(source, words)
    if task.scheme == "bio":
        counts += _begin_with_b(tags)
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
    return Examples(table(columns, types), labels=labels, counted=counts)


def _words(task: TaggingTask, source: SourceColumns, row: int) -> list[str]:
    found = source.columns[task.words][row]
    if not isinstance(found, list) or not found or not all(isinstance(w, str) and w.strip() for w in found):
        raise fault(source, row, f"{task.words} is {in_short(found)}, not a list of words", _REMEDY)
    return list(found)


def _take_off_codes(source: SourceColumns, words: list[list[str]]) -> tuple[RowCount, ...]:
    """Take a language code before each word (`en:Rome`) off, in place."""
    first = _CODE.match(words[0][0])
    if first is None:
        return ()
    code = first.group()
    coded = sum(word.startswith(code) for sentence in words for word in sentence)
    total = sum(map(len, words))
    if coded * 2 < total or total == 1:
        return ()
    for row, sentence in enumerate(words):
        for at, word in enumerate(sentence):
            if not word.startswith(code) or word == code:
                what = (
                    f"the word {in_short(word)} does not begin with {code!r} and go on, as {coded:,} words do"
                )
                raise fault(source, row, what, "take the file from one release")
            sentence[at] = word.removeprefix(code)
    return counted(coded, f"words that began with {code!r}, as in WikiANN's raw files; it is taken off")


def _begin_with_b(tags: list[list[str]]) -> tuple[RowCount, ...]:
    """Let each span that begins with I- begin with B-, in place."""
    changed = 0
    for sentence in tags:
        before = "O"
        for at, tag in enumerate(sentence):
            if tag.startswith("I-") and before[2:] != tag[2:]:
                sentence[at] = f"B-{tag[2:]}"
                changed += 1
            before = tag
    return counted(changed, "spans that begin with I- (as in the scheme IOB1), read as beginning with B-")


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
            what = f"the tag {in_short(tag)} is no text, and the file does not say what it means"
            raise fault(source, row, what, 'say it in the task file: label_values: {"0": …, "1": …}')
        if task.scheme == "bio" and not is_bio(name):
            what = f"the tag {in_short(name)} is neither O nor begins with B- or I-"
            raise fault(source, row, what, "correct the row, or set 'scheme: plain'")
    return [name for name in names if name is not None]


def _name(task: TaggingTask, tag: Any, classes: tuple[str, ...] | None) -> str | None:
    values = task.label_values or {}
    if isinstance(tag, str):
        return values.get(tag, values.get(tag.strip(), tag.strip()))
    if type(tag) is not int:
        return None
    name = classes[tag] if classes and 0 <= tag < len(classes) else None
    return values.get(str(tag), name) if name is None else values.get(name, name)


def _require_known(source: SourceColumns, tags: list[list[str]], known: dict[str, int]) -> None:
    for row, sentence in enumerate(tags):
        for tag in sentence:
            if tag not in known:
                raise fault(
                    source, row, f"the tag {in_short(tag)} is none of {names_in_short(known)}", _REMEDY
                )
