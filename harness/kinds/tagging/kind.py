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
from harness.metrics.span_f1 import tagged_spans

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
    text_form_of = "tagging with 'scheme: bio'"
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

    def text_form(self, task: TaggingTask) -> "TextForm[TaggingTask] | None":
        """Return the text form of BIO tags; those of the scheme `plain` have no published one."""
        return _Text(self, task) if task.scheme == "bio" else None

    def described(self, task: TaggingTask) -> str:
        """Return the kind with the scheme."""
        return f"kind tagging with 'scheme: {task.scheme}'"

    def assumed_tokens(self, task: TaggingTask, text: int, longest: int, *, joined: bool) -> float:
        """Return the tokens of one text."""
        return min(text, longest)


class _Text(TextForm[TaggingTask]):
    """`tag: …` is answered with `PER: … $$ LOC: …` in order, else `None`, as mT5's WikiAnn.

    The answers' spans have no places, so predictions and references are lists of `KIND: words`.
    """

    marks = ("tag:",)

    def targets(self, rows: Rows) -> list[str]:
        """Return the spans with their words."""
        return [_SEPARATOR.join(spans) or _NO_SPANS for spans in self._spans(rows)]

    def prediction(self, answer: str) -> list[str]:
        """Return the spans that an answer names; as in mT5's, what is no `KIND: words` is none."""
        return [part.strip() for part in answer.split(_SEPARATOR.strip()) if ":" in part]

    def metrics(self) -> tuple[Metric, ...]:
        """Return mT5's span F1."""
        return (metric("text_span_f1"),)

    def references(self, dataset: "Dataset") -> list[Any]:
        """Return the spans with their words."""
        return self._spans(dataset[:])

    def _spans(self, rows: Rows) -> list[Any]:
        return [
            [
                f"{kind}: {' '.join(words[start:end])}"
                for kind, start, end in sorted(
                    tagged_spans(_named(tags, self.task.labels)), key=lambda span: span[1]
                )
            ]
            for words, tags in zip(rows["words"], rows["tags"], strict=True)
        ]


def _named(tags: Sequence[int], labels: Sequence[str]) -> list[str]:
    return [_UNKNOWN if tag == UNKNOWN_TAG else labels[tag] for tag in tags]


KIND = Tagging()
