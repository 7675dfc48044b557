"""Everything about tagging that takes no tensors."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.kinds.base import TaskKind
from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples
from harness.kinds.tagging.rows import UNKNOWN_TAG, examples
from harness.kinds.tagging.task import TaggingTask
from harness.kinds.text_form import Rows, TextForm
from harness.metrics.base import Metric
from harness.metrics.registry import metric
from harness.metrics.span_f1 import Span, tagged_spans

if TYPE_CHECKING:
    from datasets import Dataset

    from harness.kinds.model import KindModel

_SEPARATOR = " $$ "
_NO_SPANS = "None"
_UNKNOWN = "B-<unknown>"


class Tagging(TaskKind[TaggingTask]):
    """A tag for each word; predictions and references are the lists of a sentence's tags."""

    name = "tagging"
    task_model = TaggingTask
    text_form_of = "tagging"
    request = "generate_until"

    def columns(self, task: TaggingTask) -> tuple[str, ...]:
        """Return the columns of words and tags."""
        return task.words, task.tags

    def examples(self, task: TaggingTask, source: SourceColumns, trained: tuple[str, ...] = ()) -> Examples:
        """Return the rows: text_a (words with blanks between), text_b (null), words, tags (list of int64)."""
        return examples(task, source, trained)

    def absent_labels(self, examples: Examples) -> list[str]:
        """Return the tags that no word has."""
        present = {tag for tags in examples.dataset["tags"][:] for tag in tags}
        return [name for at, name in enumerate(examples.labels) if at not in present]

    def labels_from_rows(self, task: TaggingTask) -> bool:
        """Return whether the task's file lists no tags."""
        return not task.labels

    def same_head(self, task: TaggingTask, other: TaggingTask) -> bool:
        """Return whether the tags are the same; those that a file lists nowhere are those of its rows."""
        return task.labels == other.labels and (bool(task.labels) or task.name == other.name)

    def metrics(self, task: TaggingTask) -> tuple[Metric, ...]:
        """Return token accuracy, behind the F1 of spans or chunks where they count."""
        accuracy = metric("token_accuracy")
        if task.scheme == "bio":
            return metric("span_f1"), accuracy
        return (metric("tag_chunk_f1"), accuracy) if task.chunk_f1 else (accuracy,)

    def references(self, task: TaggingTask, dataset: "Dataset") -> list[Any]:
        """Return the sentences' tags; one that the model never saw begins a span of an unknown kind."""
        return [_named(tags, task.labels) for tags in dataset["tags"][:]]

    @property
    def model(self) -> "KindModel[TaggingTask]":
        """Return what trains and predicts."""
        from harness.kinds.tagging.model import MODEL

        return MODEL

    def text_form(self, task: TaggingTask) -> TextForm[TaggingTask]:
        """Return the text form."""
        return _Text(self, task)

    def assumed_tokens(self, task: TaggingTask, text: int, longest: int, *, joined: bool) -> float:
        """Return the tokens of one text."""
        return min(text, longest)


class _Text(TextForm[TaggingTask]):
    """`tag: …` is answered with `PER: … $$ LOC: …` in order, else `None`, as mT5's WikiAnn.

    mT5 has no task of plain tags; here each word is a span by itself. The answers' spans have no places, so
    predictions and references are lists of `KIND: words`, predictions also with what is none.
    """

    marks = ("tag:",)
    longest_answer = 256

    def targets(self, rows: Rows) -> list[str]:
        """Return the spans with their words."""
        return [_SEPARATOR.join(spans) or _NO_SPANS for spans in self._spans(rows)]

    def prediction(self, answer: str) -> list[str]:
        """Return the parts of an answer, which name spans where it is written as it should be."""
        parts = [part.strip() for part in answer.split(_SEPARATOR.strip())]
        return [part for part in parts if part] if parts != [_NO_SPANS] else []

    def metrics(self) -> tuple[Metric, ...]:
        """Return mT5's span F1, and the share of answers that it cannot read."""
        return metric("text_span_f1"), metric("unparsable_answers")

    def references(self, dataset: "Dataset") -> list[Any]:
        """Return the spans with their words."""
        return self._spans(dataset[:])

    def _spans(self, rows: Rows) -> list[Any]:
        return [
            [
                f"{kind}: {' '.join(words[start:end])}"
                for kind, start, end in self._places(_named(tags, self.task.labels))
            ]
            for words, tags in zip(rows["words"], rows["tags"], strict=True)
        ]

    def _places(self, tags: list[str]) -> list[Span]:
        if self.task.scheme == "bio":
            return sorted(tagged_spans(tags), key=lambda span: span[1])
        return [(tag, at, at + 1) for at, tag in enumerate(tags)]


def _named(tags: Sequence[int], labels: Sequence[str]) -> list[str]:
    return [_UNKNOWN if tag == UNKNOWN_TAG else labels[tag] for tag in tags]


KIND = Tagging()
