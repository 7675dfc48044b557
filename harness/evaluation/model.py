"""The lm-eval model `xstilts`: answers for rows of corpora by a fine-tuned model of any kind."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Self

import torch
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM, CacheHook

from harness.config.corpus import Corpus
from harness.config.hyperparameters import Precision
from harness.errors import UserError
from harness.evaluation.checkpoint import open_checkpoint
from harness.evaluation.datasets import loaded_corpus
from harness.evaluation.job import EvaluationProgress
from harness.evaluation.processes import Processes
from harness.evaluation.scorer import CheckpointScorer, Scorer, UnsuitedTaskError
from harness.kinds.registry import kind_of
from harness.message_text import in_short, names_in_short
from harness.models.references import ModelRef

DEFAULT_BATCH_SIZE = 64
_CACHE_OWNER = "xstilts checkpoint"


class ModelArgumentError(UserError):
    """A model argument that the model does not take, or a value that it can't use."""


class CacheOfOtherCheckpointError(UserError):
    """A response cache holds the answers of another checkpoint."""


class XstiltsModel(LM):  # type: ignore[misc]  # lm_eval has no types
    """Any fine-tuned encoder with a head, or text-to-text model, as lm-eval sees it.

    A task's documents are rows of a corpus; labels are matched with the checkpoint's by name.
    """

    def __init__(
        self,
        pretrained: str | Path,
        batch_size: int | str | None = None,
        max_batch_size: int | None = None,
        device: str | None = None,
        precision: str | Precision = Precision.FP32,
        max_length: int | None = None,
        label_names: str | Sequence[str] | None = None,
        revision: str = "main",
        trust_remote_code: bool = False,
        report: Callable[[EvaluationProgress], None] | None = None,
    ) -> None:
        """Open a checkpoint.

        Args:
            pretrained: a local folder, the folder of a finished stage, or a hub id.
            batch_size: documents of full length per forward pass; None or `auto`: 64.
            max_batch_size: not used; lm-eval's command line passes it.
            device: `auto` (default), `cpu`, `cuda:N`.
            precision: fp32, bf16, or fp16 on a GPU.
            max_length: tokens to cut inputs at; default: as in training.
            label_names: what the outputs of the head mean, `a|b|c`, where the checkpoint doesn't say it.
            revision: branch, tag or commit of a hub id.
            trust_remote_code: run code that comes with the checkpoint.
            report: called after every batch on rank 0.

        Raises:
            UserError: the checkpoint, the device or an argument is unfit.
        """
        super().__init__()
        _quiet_transformers()
        self._processes = Processes(device or "auto")
        self._rank, self._world_size = self._processes.rank, self._processes.size
        self._device = self._processes.device
        self._report = report
        self.precision = _precision(precision)
        self.batch_size = _batch_size(batch_size)
        self.checkpoint = open_checkpoint(
            ModelRef(name=str(pretrained), revision=revision, trust_remote_code=trust_remote_code),
            labels=_names(label_names),
            max_length=max_length,
        )
        self._scorer: Scorer = CheckpointScorer(
            self.checkpoint,
            device=self._processes.device,
            precision=self.precision,
            batch_size=self.batch_size,
        )

    @classmethod
    def create_from_arg_obj(
        cls, arg_dict: dict[str, Any], additional_config: dict[str, Any] | None = None
    ) -> Self:
        """Open a checkpoint with the model arguments of lm-eval's command line.

        Raises:
            ModelArgumentError: an argument is unknown, or `pretrained` is missing.
            UserError: the checkpoint, the device or an argument is unfit.
        """
        known = [name for name in inspect.signature(cls).parameters if name != "report"]
        unknown = [name for name in arg_dict if name not in known]
        if unknown:
            raise ModelArgumentError(f"no such model argument: {names_in_short(unknown)}; {', '.join(known)}")
        if not isinstance(arg_dict.get("pretrained"), str):
            raise ModelArgumentError(
                "--model_args: pretrained=FOLDER is needed, a checkpoint's folder or hub id"
            )
        model: Self = super().create_from_arg_obj(arg_dict, additional_config)
        return model

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """Return for each request its choice's log-probability, and whether it is the likeliest choice.

        Each document takes one forward pass (of the encoder, if labels are decoded from it), however many
        of its choices are asked for, in whatever order.

        Raises:
            LabelMismatchError: the choices of a task are not the checkpoint's labels.
            UnsuitedTaskError: a document is no corpus's, or a prompt was put before it.
        """
        answers: list[tuple[float, bool]] = [(0.0, False)] * len(requests)
        for corpus, asked in _by_corpus(requests).items():
            documents = asked.documents
            scores = self._scorer.log_probabilities(corpus, list(documents.values()), self._report_progress)
            row_of = {key: row for row, key in enumerate(documents)}
            positions = self._positions(corpus, asked)
            likeliest = scores.argmax(axis=1)
            for at, request in asked.requests:
                row, position = row_of[_key(request)], positions(request)
                answers[at] = (float(scores[row, position]), bool(likeliest[row] == position))
        return answers

    def loglikelihood_rolling(self, requests: list[Instance]) -> NoReturn:
        """Refuse: what is fine-tuned for a task has no likelihood of a text."""
        tasks = sorted({str(request.task_name) for request in requests})
        raise UnsuitedTaskError(
            f"{', '.join(tasks)}: the task asks for the likelihood of running text, which the model xstilts "
            "does not give"
        )

    def generate_until(self, requests: list[Instance]) -> list[str]:
        """Return for each request the text that says the prediction: an answer, or JSON.

        Raises:
            LabelMismatchError: the labels of a task are not the checkpoint's.
            UnsuitedTaskError: a document is no corpus's, or a prompt was put before it.
        """
        answers = [""] * len(requests)
        for corpus, asked in _by_corpus(requests).items():
            documents = asked.documents
            found = self._scorer.answers(corpus, list(documents.values()), self._report_progress)
            answer_of = dict(zip(documents, found, strict=True))
            for at, request in asked.requests:
                answers[at] = answer_of[_key(request)]
        return answers

    def all_gather(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the tensors of all processes, one after another."""
        return self._processes.all_gather(tensor)

    def gather_object(self, obj: Any, dst: int = 0) -> list[Any] | None:
        """Return every process's object at rank `dst`, and None elsewhere."""
        return self._processes.gather_object(obj, dst)

    def barrier(self) -> None:
        """Wait until every process is here."""
        self._processes.barrier()

    def set_cache_hook(self, cache_hook: CacheHook) -> None:
        """Take lm-eval's response cache, unless it holds another checkpoint's answers.

        lm-eval's keys know the texts but not the model, so that a path used for two checkpoints would give
        the second one the answers of the first.

        Raises:
            CacheOfOtherCheckpointError: the cache belongs to another checkpoint or other settings.
        """
        super().set_cache_hook(cache_hook)
        store = cache_hook.dbdict
        if store is None:
            return
        owner = " ".join(
            (
                self.checkpoint.fingerprint,
                self.precision,
                str(self.checkpoint.max_length),
                *self.checkpoint.shown_labels,
            )
        )
        if (len(store) and _CACHE_OWNER not in store) or store.get(_CACHE_OWNER, owner) != owner:
            raise CacheOfOtherCheckpointError(
                f"--use_cache: the cache {store.filename} holds answers of another checkpoint, "
                "precision, length or "
                "label names. Give each its own path, or delete that file."
            )
        store[_CACHE_OWNER] = owner

    def get_model_info(self) -> dict[str, Any]:
        """Return what lm-eval writes into `config` of the results."""
        words = self.checkpoint.text_format
        return {
            "model_labels": list(self.checkpoint.shown_labels),
            "model_max_length": self.checkpoint.max_length,
            "model_precision": str(self.precision),
            **({"model_text_format": words.model_dump(mode="json")} if words is not None else {}),
        }

    def _report_progress(self, progress: EvaluationProgress) -> None:
        if self._report is not None and self._rank == 0:
            self._report(progress)

    def _positions(self, corpus: Corpus, asked: "_Asked") -> Callable[[Instance], int]:
        """Return what tells which column of the scores a request's choice is."""
        column = kind_of(corpus.task).choices
        if column:
            return lambda request: [choice.strip() for choice in request.doc[column]].index(_choice(request))
        # A response cache sends only what it lacks: some choices may not be among the requests.
        complete = self.cache_hook.dbdict is None
        choices = list(dict.fromkeys(_choice(request) for _, request in asked.requests))
        found = self._scorer.positions(corpus, choices, complete=complete)
        return lambda request: found[_choice(request)]


@dataclass(frozen=True)
class _Asked:
    """The requests for documents of one corpus, each with its place among all requests."""

    requests: list[tuple[int, Instance]] = field(default_factory=list)

    @property
    def documents(self) -> dict[tuple[str | None, int | None], Any]:
        """Each document once, in the order in which they are first asked for."""
        found: dict[tuple[str | None, int | None], Any] = {}
        for _, request in self.requests:
            found.setdefault(_key(request), request.doc)
        return found


def _key(request: Instance) -> tuple[str | None, int | None]:
    return request.task_name, request.doc_id


def _choice(request: Instance) -> str:
    return str(request.args[1]).strip()


def _by_corpus(requests: Sequence[Instance]) -> dict[Corpus, _Asked]:
    found: dict[Corpus, _Asked] = {}
    for at, request in enumerate(requests):
        document, prompt = request.doc, request.args[0]
        if "corpus" not in document:
            raise UnsuitedTaskError(
                f"task {request.task_name}: its documents are rows of no corpus (they have "
                f"{names_in_short(document)}). The model xstilts scores corpora: name one of "
                "`xstilts list evaluation`, or write a corpus file."
            )
        if document.get("text", prompt) != prompt:
            raise UnsuitedTaskError(
                f"task {request.task_name}: something was put before the document (examples, a system "
                "instruction or a chat template). A fine-tuned model reads none of it; leave it out."
            )
        found.setdefault(loaded_corpus(document["corpus"]), _Asked()).requests.append((at, request))
    return found


def _names(given: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    parts = given.split("|") if isinstance(given, str) else given
    return tuple(str(part).strip() for part in parts)


def _precision(given: str | Precision) -> Precision:
    try:
        return Precision(given)
    except ValueError:
        raise ModelArgumentError(f"precision {in_short(given)} is none of {', '.join(Precision)}") from None


def _batch_size(given: int | str | None) -> int:
    if given is None or (isinstance(given, str) and given.startswith("auto")):
        return DEFAULT_BATCH_SIZE
    try:
        size = int(given)
    except ValueError:
        size = 0
    if size < 1:
        raise ModelArgumentError(f"batch_size {in_short(given)} is neither a positive whole number nor auto")
    return size


def _quiet_transformers() -> None:
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
