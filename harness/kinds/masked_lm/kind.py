"""Everything about masked language modelling that takes no tensors."""

from typing import TYPE_CHECKING, Any

from harness.kinds.base import TaskKind
from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples
from harness.kinds.masked_lm.rows import examples
from harness.kinds.masked_lm.task import MaskedLMTask
from harness.metrics.base import Metric
from harness.metrics.registry import metric

if TYPE_CHECKING:
    from datasets import Dataset

    from harness.kinds.model import KindModel


class MaskedLM(TaskKind[MaskedLMTask]):
    """Words to guess in running text; no text-to-text model is pretrained so.

    A prediction is `{"loss": …, "right": …, "tokens": …}` of a text's masked tokens, as
    `harness.metrics.masked_loss` takes it; a reference is the text.
    """

    name = "masked_lm"
    task_model = MaskedLMTask
    draws_tokens = True
    version = 2  # 1 left the word embeddings of some families out of what it saved

    def columns(self, task: MaskedLMTask) -> tuple[str, ...]:
        """Return the texts' column."""
        return (task.text,)

    def examples(self, task: MaskedLMTask, source: SourceColumns, trained: tuple[str, ...] = ()) -> Examples:
        """Return the rows with a text in them: text_a, text_b (null)."""
        return examples(task, source)

    def metrics(self, task: MaskedLMTask) -> tuple[Metric, ...]:
        """Return accuracy and loss of masked tokens."""
        return metric("masked_accuracy"), metric("masked_loss")

    def references(self, task: MaskedLMTask, dataset: "Dataset") -> list[Any]:
        """Return the texts."""
        return list(dataset["text_a"][:])

    @property
    def model(self) -> "KindModel[MaskedLMTask]":
        """Return what trains and predicts."""
        from harness.kinds.masked_lm.model import MODEL

        return MODEL

    def assumed_tokens(self, task: MaskedLMTask, text: int, longest: int, *, joined: bool) -> float:
        """Return the longest input: running text fills it."""
        return longest


KIND = MaskedLM()
