"""The lm-eval model `xstilts`: scores a task's choices by a fine-tuned classifier or text-to-text model."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Self

import numpy as np
import torch
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM, CacheHook
from numpy.typing import NDArray

from harness.config.hyperparameters import Precision
from harness.errors import UserError
from harness.evaluation.checkpoint import open_checkpoint
from harness.evaluation.encoder_classifier import EncoderClassifier
from harness.evaluation.job import EvaluationProgress
from harness.evaluation.labels import match_labels
from harness.evaluation.processes import Processes
from harness.evaluation.text_to_text import TextToTextScorer
from harness.evaluation.tokenised import TextPair
from harness.message_text import in_short, names_in_short
from harness.models.references import ModelRef

DEFAULT_BATCH_SIZE = 64
_CACHE_OWNER = "xstilts checkpoint"


class ModelArgumentError(UserError):
    """A model argument that the model does not take, or a value that it can't use."""


class UnsuitedTaskError(UserError):
    """A task asks for something that a classifier does not do."""


class CacheOfOtherCheckpointError(UserError):
    """A response cache holds the answers of another checkpoint."""


class XstiltsModel(LM):  # type: ignore[misc]  # lm_eval has no types
    """Any encoder with a classification head, or text-to-text model trained to classify, as lm-eval sees it.

    A task's documents have the columns `text_a` and, for pairs, `text_b`; its choices are the names of the
    checkpoint's labels, in any order.
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
        self._classifier = self._open_classifier()

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

    def _open_classifier(self) -> EncoderClassifier | TextToTextScorer:
        settings: dict[str, Any] = {
            "device": self._processes.device,
            "precision": self.precision,
            "batch_size": self.batch_size,
        }
        words = self.checkpoint.text_format
        if words is not None:
            return TextToTextScorer(self.checkpoint, words, **settings)
        return EncoderClassifier(self.checkpoint, **settings)

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """Return for each request its choice's log-probability, and whether it is the likeliest label.

        Each document takes one forward pass (of the encoder, if labels are decoded from it), however many
        of its choices are asked for, in whatever order.

        Raises:
            LabelMismatchError: the choices of a task are not the checkpoint's labels.
            UnsuitedTaskError: a document has no `text_a`, or a prompt was put before it.
        """
        positions = self._label_positions(requests)
        documents: dict[tuple[str | None, int | None], int] = {}
        pairs: list[TextPair] = []
        for request in requests:
            key = (request.task_name, request.doc_id)
            if key not in documents:
                documents[key] = len(pairs)
                pairs.append(_text_pair(request))
        scores = self._classifier.log_probabilities(pairs, self._tell)
        likeliest = scores.argmax(axis=1)
        return self._answers(requests, documents, positions, scores, likeliest)

    def loglikelihood_rolling(self, requests: list[Instance]) -> NoReturn:
        """Refuse: a classifier has no likelihood of a text."""
        raise UnsuitedTaskError(_unsuited(requests, "the likelihood of running text"))

    def generate_until(self, requests: list[Instance]) -> NoReturn:
        """Refuse: a classifier writes nothing."""
        raise UnsuitedTaskError(_unsuited(requests, "generated text"))

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
                *self.checkpoint.labels,
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
            "model_labels": list(self.checkpoint.labels),
            "model_max_length": self.checkpoint.max_length,
            "model_precision": str(self.precision),
            **({"model_text_format": words.model_dump(mode="json")} if words is not None else {}),
        }

    def _tell(self, progress: EvaluationProgress) -> None:
        if self._report is not None and self._rank == 0:
            self._report(progress)

    def _label_positions(self, requests: Iterable[Instance]) -> Mapping[str | None, Mapping[str, int]]:
        choices: dict[str | None, dict[str, None]] = {}
        for request in requests:
            choices.setdefault(request.task_name, {}).setdefault(request.args[1].strip())
        # A response cache sends only what it lacks: some choices may not be among the requests.
        complete = self.cache_hook.dbdict is None
        return {
            task: match_labels(str(task), asked, self._classifier.labels, complete=complete)
            for task, asked in choices.items()
        }

    @staticmethod
    def _answers(
        requests: Sequence[Instance],
        documents: Mapping[tuple[str | None, int | None], int],
        positions: Mapping[str | None, Mapping[str, int]],
        scores: NDArray[np.float64],
        likeliest: NDArray[np.int64],
    ) -> list[tuple[float, bool]]:
        rows, best = scores.tolist(), likeliest.tolist()
        answers = []
        for request in requests:
            row = documents[request.task_name, request.doc_id]
            position = positions[request.task_name][request.args[1].strip()]
            answers.append((rows[row][position], best[row] == position))
        return answers


def _text_pair(request: Instance) -> TextPair:
    document, prompt = request.doc, request.args[0]
    if "text_a" not in document:
        raise UnsuitedTaskError(
            f"task {request.task_name}: its documents have no column text_a (they have "
            f"{names_in_short(document)}). The "
            "model xstilts scores the columns text_a and text_b; give such a task, or one of "
            "tasks/evaluation."
        )
    if document.get("text", prompt) != prompt:
        raise UnsuitedTaskError(
            f"task {request.task_name}: something was put before the document (examples, a system "
            "instruction or a "
            "chat template). A fine-tuned classifier reads none of it; leave it out."
        )
    return TextPair(document["text_a"], document.get("text_b"))


def _unsuited(requests: Sequence[Instance], wanted: str) -> str:
    tasks = sorted({str(request.task_name) for request in requests})
    return (
        f"{', '.join(tasks)}: the task asks for {wanted}, but the model xstilts is a classifier and "
        "scores only "
        "tasks with `output_type: multiple_choice`"
    )


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
