"""What a checkpoint predicts for rows of a corpus, by the kind's own features, batches and predictions.

The same code as for held-out rows after training and for forgetting (harness.models.prediction); only the
model and its precision are evaluation's own.
"""

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from harness.config.corpus import Corpus
from harness.config.hyperparameters import Precision
from harness.errors import UserError
from harness.evaluation.checkpoint import NO_HEAD, Checkpoint
from harness.evaluation.datasets import loaded_rows
from harness.evaluation.job import EvaluationProgress
from harness.evaluation.labels import match_labels
from harness.evaluation.network import load_network
from harness.kinds.collator import Collator
from harness.kinds.model import KindModel, Predictor, Session
from harness.kinds.registry import kind_of, text_form
from harness.kinds.task import Task
from harness.kinds.text_to_text import TextToTextModel
from harness.kinds.token_rows import TokenizedRows
from harness.message_text import cut
from harness.models.prediction import batches_of_tokens, kept_of_rows
from harness.models.references import tokenizer_fingerprint
from harness.models.xmod import has_adapters, set_language

if TYPE_CHECKING:
    from datasets import Dataset

CPU_TOKENS = 2048
"""Tokens in a batch beyond which a CPU slows down, as a layer's activations leave its caches.

Measured with 384 hidden units in bf16: 80 to 87 items/s at 1,024 to 4,096 tokens, 64 to 70 at 8,192.
"""
_KEPT = 4

Document = Mapping[str, Any]
Report = Callable[[EvaluationProgress], None]


class PrecisionError(UserError):
    """A precision that the device or the model does not compute in."""


class UnsuitedTaskError(UserError):
    """A task asks for something that the checkpoint does not do."""


class Scorer(Protocol):
    """What lm-eval's model `xstilts` asks of a checkpoint."""

    def positions(self, corpus: Corpus, choices: Sequence[str], *, complete: bool) -> Mapping[str, int]:
        """Return which column of `log_probabilities` each of a task's choices is."""

    def log_probabilities(
        self, corpus: Corpus, documents: Sequence[Document], report: Report
    ) -> NDArray[np.float64]:
        """Return natural logarithms, (documents, labels or candidates)."""

    def answers(self, corpus: Corpus, documents: Sequence[Document], report: Report) -> list[str]:
        """Return for each document the text that says the prediction."""


class CheckpointScorer:
    """A checkpoint of any kind: an encoder with a head, or a text-to-text model."""

    _tokens: OrderedDict[str, TokenizedRows] = OrderedDict()  # noqa: RUF012 shared by checkpoints on purpose

    def __init__(
        self, checkpoint: Checkpoint, *, device: torch.device, precision: Precision, batch_size: int
    ) -> None:
        """Load the model of a checkpoint.

        Args:
            checkpoint: The checkpoint.
            device: Where to compute.
            precision: Number format of the encoder (and decoder); head or output layer stay in fp32.
            batch_size: Documents of full length per forward pass; more of shorter ones.

        Raises:
            CheckpointError: model or tokenizer cannot be loaded.
            PrecisionError: fp16 does not do.
        """
        if precision is Precision.FP16 and checkpoint.text_format is not None:
            raise PrecisionError(
                "precision fp16: the activations of T5's family exceed it; use bf16, or fp32 where the "
                "device lacks it"
            )
        if precision is Precision.FP16 and device.type == "cpu":
            raise PrecisionError("precision fp16 needs a GPU; on a CPU use bf16 or fp32")
        self._checkpoint = checkpoint
        self._device = device
        tokens = batch_size * checkpoint.max_length
        self._most_tokens = min(tokens, CPU_TOKENS) if device.type == "cpu" else tokens
        self._network = load_network(checkpoint, precision).to(device)
        self._session = Session(lambda inputs: self._network(**inputs), checkpoint.tokenizer, bool)

    def positions(self, corpus: Corpus, choices: Sequence[str], *, complete: bool) -> Mapping[str, int]:
        """Return which column of `log_probabilities` each of a task's labels is, matched by name.

        Raises:
            LabelMismatchError: the choices are not the checkpoint's labels.
        """
        return match_labels(corpus.name, choices, self._checkpoint.labels, complete=complete)

    def log_probabilities(
        self, corpus: Corpus, documents: Sequence[Document], report: Report
    ) -> NDArray[np.float64]:
        """Return the log-probability of each of the checkpoint's labels, or of the document's candidates.

        Those of an encoder sum to 1 over the labels; the softmax is taken in fp64, so that two fp32 scores
        that differ keep their order. Those of a text-to-text model do not: it may prefer other words.

        Raises:
            UnsuitedTaskError: the checkpoint was trained on another kind of task.
        """
        model, task, data = self._model(corpus), self._task(corpus), dataset(documents)
        tokens = self._tokenized(model, task, data)
        collator = model.collator(task, tokens)
        kept = self._kept(collator, model.likelihoods(task, data, tokens, self._session), data, report)
        scores = torch.from_numpy(np.stack(kept)).double()
        normalized = scores if self._checkpoint.text_format is not None else scores.log_softmax(dim=-1)
        return normalized.numpy()

    def answers(self, corpus: Corpus, documents: Sequence[Document], report: Report) -> list[str]:
        """Return for each document the text that says the prediction (`harness.evaluation.answers`).

        Raises:
            UnsuitedTaskError: the checkpoint was trained on another kind of task.
            LabelMismatchError: its labels are not the corpus's.
        """
        if not kind_of(corpus.task).is_trained:
            return self._of_whole_sets(corpus, documents, report)
        model, task, data = self._model(corpus), self._task(corpus), dataset(documents)
        found = model.predictions(task, data, *self._predicted(model, task, data, report))
        kind = kind_of(task)
        if [own.name for own in model.metrics(task)] != [own.name for own in kind.metrics(task)]:
            return [json.dumps({TEXT_FORM: prediction}, ensure_ascii=False) for prediction in found]
        return [kind.answer_text(prediction) for prediction in found]

    def _of_whole_sets(self, corpus: Corpus, documents: Sequence[Document], report: Report) -> list[str]:
        """Return the answers of a kind without training; all rows take part, whichever are asked."""
        if self._checkpoint.text_format is not None:
            raise self._unsuited(corpus, "text-to-text model")
        if has_adapters(self._network.config.to_dict()):
            raise self._unsuited(corpus, "model with an adapter for each language")
        kind = kind_of(corpus.task)
        found: dict[tuple[str, str], str] = {}
        for language in dict.fromkeys(document["language"] for document in documents):
            rows, task = loaded_rows(corpus.name, language), corpus.task
            if kind.tuned_on_validation(task):
                known = rows.validation()
                task = kind.model.tuned(task, known, *self._predicted(kind.model, task, known, report))
            predicted = self._predicted(kind.model, task, rows.whole, report)
            answers = map(kind.answer_text, kind.model.predictions(task, rows.whole, *predicted))
            names = ((language, item) for item in rows.whole["item_id"][:])
            found |= dict(zip(names, answers, strict=True))
        return [found[document["language"], document["item_id"]] for document in documents]

    def _predicted(
        self, model: KindModel[Any], task: Task, data: "Dataset", report: Report
    ) -> tuple[Collator, list[Any]]:
        """Return rows in batches, and what the predictor kept of each."""
        tokens = self._tokenized(model, task, data)
        collator = model.collator(task, tokens)
        predictor = model.predictor(task, data, tokens, self._session)
        return collator, self._kept(collator, predictor, data, report)

    def _task(self, corpus: Corpus) -> Task:
        """Return the corpus's task with the checkpoint's labels in their order, named as the corpus does."""
        task = corpus.task
        if not corpus.labels or self._checkpoint.text_format is not None or kind_of(task).choices:
            return task
        named = {at: name for name, at in self.positions(corpus, corpus.labels, complete=True).items()}
        return task.model_copy(update={"labels": tuple(named[at] for at in range(len(named)))})

    def _model(self, corpus: Corpus) -> KindModel[Any]:
        kind, trained = kind_of(corpus.task), self._checkpoint.text_format
        if trained is None:
            if self._checkpoint.auto_class == NO_HEAD:
                raise UnsuitedTaskError(
                    f"checkpoint {self._checkpoint.folder}: an encoder without a head does not score "
                    f"{corpus.name}, which is a corpus of kind {kind.name}; train it first (`xstilts run`) "
                    "and give the folder of a finished stage"
                )
            if kind.model.head.auto_class != self._checkpoint.auto_class:
                raise self._unsuited(corpus, self._checkpoint.auto_class.removeprefix("AutoModel"))
            return kind.model
        form = text_form(corpus.task)
        if trained.kind != kind.name:
            raise self._unsuited(corpus, f"text-to-text model trained on {trained.kind}")
        if len(form.marks) != len(trained.marks):
            raise UnsuitedTaskError(
                f"the checkpoint reads {len(trained.marks)} text(s) ({cut(' … '.join(trained.marks), 200)} …"
                f"), the documents of {corpus.name} have {len(form.marks)}; score it on a task like the one "
                "it was trained on"
            )
        form.marks, form.labels = trained.marks, trained.labels
        return TextToTextModel(form)

    def _unsuited(self, corpus: Corpus, what: str) -> UnsuitedTaskError:
        return UnsuitedTaskError(
            f"checkpoint {self._checkpoint.folder}: a {what} does not score {corpus.name}, which is a corpus "
            f"of kind {corpus.task.kind}; score it on tasks of the kind that it was trained on"
        )

    def _tokenized(self, model: KindModel[Any], task: Task, data: "Dataset") -> TokenizedRows:
        """Return the documents as token ids; those of a few sets are kept for the next checkpoint."""
        checkpoint = self._checkpoint
        length = checkpoint.max_length
        if not kind_of(task).is_trained:
            length = min(getattr(task, "max_length", length), checkpoint.positions)
        marks = checkpoint.text_format.model_dump_json() if checkpoint.text_format else ""
        parts = [
            type(model).__name__,
            marks,
            task.training_settings(),
            list(task.labels),
            length,
        ]
        digest = hashlib.sha256(json.dumps([*parts, tokenizer_fingerprint(checkpoint.folder)]).encode())
        digest.update(json.dumps(data.to_dict(), ensure_ascii=False).encode())
        key = digest.hexdigest()
        if key not in self._tokens:
            table = model.features(task, data, checkpoint.tokenizer, length, predicting=True)
            self._tokens[key] = replace(TokenizedRows.of(table), rounded=False)
            while len(self._tokens) > _KEPT:
                self._tokens.popitem(last=False)
        self._tokens.move_to_end(key)
        return self._tokens[key]

    def _kept(self, collator: Collator, predictor: Predictor, data: "Dataset", report: Report) -> list[Any]:
        rows = len(collator.lengths)
        with torch.inference_mode():
            kept = dict(_reported(self._rows_kept(collator, predictor, data), rows, report))
        return [kept[row] for row in range(rows)]

    def _rows_kept(
        self, collator: Collator, predictor: Predictor, data: "Dataset"
    ) -> Iterator[tuple[int, Any]]:
        for rows in self._read_together(collator, data):
            lengths = collator.lengths[rows]
            batches = (rows[batch] for batch in batches_of_tokens(lengths, self._most_tokens))
            yield from kept_of_rows(collator, predictor, batches, self._device)

    def _read_together(self, collator: Collator, data: "Dataset") -> Iterator[NDArray[np.int64]]:
        """Yield the rows that may share a batch: all, unless the model must know their language."""
        rows = np.arange(len(collator.lengths))
        if not has_adapters(self._network.config.to_dict()):
            yield rows
            return
        languages = np.array(data["language"][:])[collator.examples]
        for language in dict.fromkeys(languages.tolist()):
            set_language(self._network.base_model.config, language)
            yield rows[languages == language]


TEXT_FORM = "text_form"
"""The key of an answer whose prediction is judged in the text form of its kind."""


def dataset(documents: Sequence[Document]) -> "Dataset":
    """Return documents of lm-eval as the data set that they came from."""
    from datasets import Dataset

    return Dataset.from_list([dict(document) for document in documents])


def _reported(kept: Iterable[tuple[int, Any]], total: int, report: Report) -> Iterator[tuple[int, Any]]:
    started, told = time.perf_counter(), 0.0
    for done, entry in enumerate(kept, 1):
        yield entry
        now = time.perf_counter()
        if done == total or now - told > 0.1:
            told = now
            report(
                EvaluationProgress(done=done, total=total, items_per_second=done / max(now - started, 1e-9))
            )
