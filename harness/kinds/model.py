"""The half of a task kind that trains and predicts: features, batches, head and loss, predictions."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pyarrow as pa
import torch
from torch import Tensor

from harness.kinds.collator import Collator
from harness.kinds.registry import kind_of
from harness.kinds.task import Task
from harness.kinds.token_rows import IGNORED_LABEL, TokenizedRows
from harness.metrics.base import Metric

if TYPE_CHECKING:
    from datasets import Dataset

T = TypeVar("T", bound=Task)

Forward = Callable[[dict[str, Any]], Any]
"""The model's inputs -> its output."""


@dataclass(frozen=True)
class Head(Generic[T]):
    """What a kind puts on top of the encoder.

    Attributes:
        auto_class: Name of the `transformers` auto class that builds encoder and head.
        folder: Name of the folder in which a finished stage keeps the encoder with this head.
        settings: The configuration values that the head needs for a task.
        loss_sum: Model output, labels, and the inputs' attention mask -> sum of the predictions' losses,
            fp32, 0-dim; what `IGNORED_LABEL` (NaN among numbers) marks counts nothing.
        smooths: Whether `loss_sum` takes `smoothing`, the share of the target that is spread over all labels.
    """

    auto_class: str
    folder: str
    settings: Callable[[T], dict[str, Any]]
    loss_sum: Callable[..., Tensor]
    smooths: bool = False


@dataclass(frozen=True)
class Session:
    """What predictions are made with.

    Attributes:
        forward: A forward pass of the model; every rank must call it as often as the others.
        tokenizer: The model's tokenizer.
        all_agree: Returns whether a statement holds on every rank; to be called on every rank.
    """

    forward: Forward
    tokenizer: Any
    all_agree: Callable[[bool], bool]


Predictor = Callable[[dict[str, Tensor], Tensor, int], Iterator[Any]]
"""A batch's inputs and labels, and how many of its rows there are -> what is kept of each row."""


class KindModel(ABC, Generic[T]):
    """How one kind is trained, and how its predictions are made.

    Attributes:
        head: What is put on the encoder.
    """

    head: Head[T]

    @abstractmethod
    def features(
        self, task: T, dataset: "Dataset", tokenizer: Any, max_length: int, *, predicting: bool = False
    ) -> pa.Table:
        """Return rows as token ids and targets, of which `TokenizedRows.of` makes rows for the collator.

        Args:
            task: The task, with its labels.
            dataset: Rows, as the kind makes them.
            tokenizer: A fast tokenizer.
            max_length: Longest input in tokens.
            predicting: Also give what predictions need beyond what training does.

        Raises:
            UserError: tokenizer or `max_length` do not do for the kind.
        """

    @abstractmethod
    def collator(self, task: T, tokens: TokenizedRows) -> Collator:
        """Return what makes batches of a task's token ids."""

    @abstractmethod
    def predictor(self, task: T, dataset: "Dataset", tokens: TokenizedRows, session: Session) -> Predictor:
        """Return what keeps of each row of a batch what `predictions` needs."""

    @abstractmethod
    def likelihoods(self, task: T, dataset: "Dataset", tokens: TokenizedRows, session: Session) -> Predictor:
        """Return what keeps of each row the log-likelihood of each label or candidate, fp32: [choices].

        Only of kinds that lm-eval asks so (`TaskKind.request`).
        """

    @abstractmethod
    def predictions(self, task: T, dataset: "Dataset", collator: Collator, kept: Sequence[Any]) -> list[Any]:
        """Return a prediction (text or JSON) for each row of the data.

        Args:
            task: The task, with its labels.
            dataset: The rows.
            collator: Their batches.
            kept: What the predictor kept of each of the collator's rows, in their order.
        """

    def tuned(self, task: T, dataset: "Dataset", collator: Collator, kept: Sequence[Any]) -> T:
        """Return the task with the setting that is best on these rows; parameters as in `predictions`.

        Only of kinds that have one (`TaskKind.tuned_on_validation`).
        """
        return task

    def metrics(self, task: T) -> tuple[Metric, ...]:
        """Return what judges the predictions; the first stands for the task."""
        return kind_of(task).metrics(task)

    def references(self, task: T, dataset: "Dataset") -> list[Any]:
        """Return of each row what the metrics compare its prediction with."""
        return kind_of(task).references(task, dataset)


class EncoderModel(KindModel[T]):
    """A kind's half for encoders with a head: one forward pass tells all about a row."""

    @abstractmethod
    def outputs(self, task: T, output: Any, labels: Tensor, rows: int) -> Iterator[Any]:
        """Yield what is kept of each of the first `rows` rows of a batch."""

    def predictor(self, task: T, dataset: "Dataset", tokens: TokenizedRows, session: Session) -> Predictor:
        """Return a forward pass."""
        return lambda inputs, labels, rows: self.outputs(task, session.forward(inputs), labels, rows)

    def likelihoods(self, task: T, dataset: "Dataset", tokens: TokenizedRows, session: Session) -> Predictor:
        """Return the head's scores, which are log-likelihoods but for a constant of each row."""
        return lambda inputs, labels, rows: iter(session.forward(inputs).logits[:rows].float().cpu().numpy())


def label_settings(task: Task) -> dict[str, Any]:
    """Return the configuration values of a head with a score for each label."""
    return {
        "num_labels": len(task.labels),
        "id2label": dict(enumerate(task.labels)),
        "label2id": {label: index for index, label in enumerate(task.labels)},
    }


def no_settings(task: Task) -> dict[str, Any]:
    """Return that a head needs no configuration values."""
    return {}


def cross_entropy(logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the sum of the cross-entropies, fp32.

    Label smoothing as Szegedy et al. 2016, section 7, https://arxiv.org/abs/1512.00567.
    """
    return torch.nn.functional.cross_entropy(
        logits.float(), labels, reduction="sum", ignore_index=IGNORED_LABEL, label_smoothing=smoothing
    )


def row_loss_sum(output: Any, labels: Tensor, mask: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the loss of one label for each row."""
    return cross_entropy(output.logits, labels, smoothing)


def token_loss_sum(output: Any, labels: Tensor, mask: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the loss of a label for each token, or for few of them."""
    # Few tokens count; those that don't need no fp32 copy of their scores over a whole vocabulary.
    counted = labels != IGNORED_LABEL
    return cross_entropy(output.logits[counted], labels[counted], smoothing)
