"""Text-to-text models: the likelihood of each label's words and the end of the sequence, given the input."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harness.config.hyperparameters import Precision
from harness.errors import UserError
from harness.evaluation.checkpoint import Checkpoint, CheckpointError, first_line
from harness.evaluation.checkpoint_tokenizer import load_tokenizer
from harness.evaluation.encoder_classifier import CPU_TOKENS, DTYPES, PrecisionError
from harness.evaluation.job import EvaluationProgress
from harness.evaluation.tokenised import TextPair, batches
from harness.kinds.text_form import TextFormat
from harness.kinds.text_inputs import input_ids
from harness.kinds.text_to_text import label_targets
from harness.message_text import cut, names_in_short
from harness.models.references import tokenizer_fingerprint
from harness.training.model import mend_output_scale

_MOST_SCORES = 2**26
"""Scores of tokens that are held at once: 256 MB in fp32. A vocabulary of 250,000 words fills them soon."""
_CHUNK = 2048

Inputs = dict[str, torch.Tensor]


class UnsuitedDocumentError(UserError):
    """A task's documents have more or fewer texts than the checkpoint was trained on."""


class TextToTextScorer:
    """A `…ForConditionalGeneration` that was fine-tuned to answer with label words."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        text_format: TextFormat,
        *,
        device: torch.device,
        precision: Precision,
        batch_size: int,
    ) -> None:
        """Load the model of a checkpoint.

        Args:
            checkpoint: The checkpoint; `labels` are names for the words of `text_format`.
            text_format: The format that it was trained with.
            device: Where to compute.
            precision: Number format of encoder and decoder; the output layer never goes below fp32.
            batch_size: Documents of full length per forward pass of the encoder.

        Raises:
            CheckpointError: model or tokenizer cannot be loaded.
            PrecisionError: fp16 was asked for.
            IndistinctLabelsError: the tokenizer makes the same tokens of two labels.
        """
        if precision is Precision.FP16:
            raise PrecisionError(
                "precision fp16: the activations of T5's family exceed it; use bf16, or fp32 where the "
                "device lacks it"
            )
        self.labels = checkpoint.labels
        self._device = device
        tokens = batch_size * checkpoint.max_length
        self._most_tokens = min(tokens, CPU_TOKENS) if device.type == "cpu" else tokens
        self._model = _load_model(checkpoint, precision).to(device)
        self._inputs = _InputTokens(checkpoint, text_format)
        words = label_targets(self._inputs.tokenizer, text_format.labels)
        self._targets = [torch.tensor(ids, device=device) for ids in words]

    @torch.inference_mode()
    def log_probabilities(
        self, pairs: Sequence[TextPair], report: Callable[[EvaluationProgress], None]
    ) -> NDArray[np.float64]:
        """Return log P(words of the label, end of sequence | input), natural: shape (pairs, labels).

        They are not normalised over the labels: a model may give most of its probability to other words.

        Raises:
            UnsuitedDocumentError: a document is no pair where the checkpoint was trained on pairs, or is one.
        """
        tokenised = self._inputs(pairs)
        started, done = time.perf_counter(), 0
        scores = torch.empty((len(pairs), len(self.labels)), dtype=torch.float32, device=self._device)
        for rows in batches([len(ids) for ids in tokenised], self._most_tokens):
            scores[torch.from_numpy(rows).to(self._device)] = self._scores([tokenised[row] for row in rows])
            done += len(rows)
            seconds = max(time.perf_counter() - started, 1e-9)
            report(EvaluationProgress(done=done, total=len(pairs), items_per_second=done / seconds))
        return scores.double().cpu().numpy()

    def _scores(self, inputs: Sequence[NDArray[np.int32]]) -> torch.Tensor:
        """`[inputs, labels]`: encode each input once, and decode every label from it."""
        batch = self._padded(inputs)
        encoded = self._model.get_encoder()(**batch).last_hidden_state
        columns = []
        for target in self._targets:
            parts = [
                self._likelihood(encoded[part], batch["attention_mask"][part], target)
                for part in self._slices(len(inputs), len(target))
            ]
            columns.append(torch.cat(parts))
        return torch.stack(columns, dim=1)

    def _likelihood(self, encoded: torch.Tensor, mask: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """`[rows]` the log-probability of a target after each encoded input."""
        wanted = target.expand(len(encoded), -1)
        start = wanted.new_full((len(encoded), 1), self._inputs.pad_id)
        output = self._model(
            encoder_outputs=(encoded,),
            attention_mask=mask,
            decoder_input_ids=torch.cat([start, wanted[:, :-1]], dim=1),
            use_cache=False,
        )
        scores = output.logits.float()
        chosen = scores.gather(2, wanted[..., None]).squeeze(2)
        likelihood: torch.Tensor = (chosen - scores.logsumexp(dim=2)).sum(dim=1)
        return likelihood

    def _slices(self, rows: int, tokens: int) -> Iterator[slice]:
        size = max(_MOST_SCORES // (tokens * int(self._model.config.vocab_size)), 1)
        for start in range(0, rows, size):
            yield slice(start, start + size)

    def _padded(self, inputs: Sequence[NDArray[np.int32]]) -> Inputs:
        shape = (len(inputs), max(len(ids) for ids in inputs))
        ids = np.full(shape, self._inputs.pad_id, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        for row, tokens in enumerate(inputs):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        arrays = {"input_ids": ids, "attention_mask": mask}
        return {
            name: torch.from_numpy(array).to(self._device, non_blocking=True)
            for name, array in arrays.items()
        }


class _InputTokens:
    """Documents as token ids in a checkpoint's format, kept for the next checkpoint with the same."""

    _kept_for: tuple[str, int, tuple[str, ...]] | None = None
    _kept: dict[TextPair, NDArray[np.int32]] = {}  # noqa: RUF012 shared by all instances on purpose

    def __init__(self, checkpoint: Checkpoint, text_format: TextFormat) -> None:
        self.tokenizer = _load_tokenizer(checkpoint)
        self.pad_id = int(self.tokenizer.pad_token_id)
        self._marks = text_format.marks
        self._max_length = checkpoint.max_length
        key = (tokenizer_fingerprint(checkpoint.folder), checkpoint.max_length, text_format.marks)
        if _InputTokens._kept_for != key:
            _InputTokens._kept_for, _InputTokens._kept = key, {}

    def __call__(self, pairs: Sequence[TextPair]) -> list[NDArray[np.int32]]:
        missing = [pair for pair in dict.fromkeys(pairs) if pair not in self._kept]
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            found = input_ids(
                self.tokenizer, self._marks, [self._texts(pair) for pair in chunk], self._max_length
            )
            for pair, ids in zip(chunk, found, strict=True):
                self._kept[pair] = np.array(ids, dtype=np.int32)
        return [self._kept[pair] for pair in pairs]

    def _texts(self, pair: TextPair) -> tuple[str, ...]:
        texts = (pair.first,) if pair.second is None else (pair.first, pair.second)
        if len(texts) != len(self._marks):
            raise UnsuitedDocumentError(
                f"the checkpoint reads {len(self._marks)} text(s) ({cut(' … '.join(self._marks), 200)} "
                f"…), the task's documents have {len(texts)}; score it on a task like the one it was "
                "trained on"
            )
        return texts


def _load_tokenizer(checkpoint: Checkpoint) -> Any:
    tokenizer = load_tokenizer(checkpoint)
    if tokenizer.pad_token_id is None or tokenizer.eos_token_id is None:
        raise CheckpointError(
            f"checkpoint {checkpoint.folder}: its tokenizer lacks a padding token or an end of the sequence; "
            "set `pad_token` and `eos_token`"
        )
    return tokenizer


def _load_model(checkpoint: Checkpoint, precision: Precision) -> Any:
    from safetensors import SafetensorError
    from transformers import AutoModelForSeq2SeqLM

    try:
        model, loading = AutoModelForSeq2SeqLM.from_pretrained(
            checkpoint.folder,
            dtype=DTYPES[precision],
            use_safetensors=True,
            trust_remote_code=checkpoint.model.trust_remote_code,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise CheckpointError(
            f"checkpoint {checkpoint.folder}: it can't be loaded as a text-to-text model: {first_line(error)}"
        ) from error
    missing = sorted(loading["missing_keys"])
    if missing:
        raise CheckpointError(
            f"checkpoint {checkpoint.folder}: its files lack {len(missing)} tensors of a text-to-text model "
            f"({names_in_short(missing, 200)}), which would be random numbers"
        )
    mend_output_scale(model)
    if precision is not Precision.FP32:
        _keep_output_layer_in_fp32(model.get_output_embeddings())
    return model.eval()


def _keep_output_layer_in_fp32(layer: Any) -> None:
    """Score the words in fp32: with bf16's 8 bits ties between labels would decide items."""

    def to_fp32(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return tuple(value.float() for value in inputs)

    # A parameter of its own: it may also be the embedding matrix, which stays as it is.
    layer.weight = torch.nn.Parameter(layer.weight.detach().float(), requires_grad=False)
    layer.register_forward_pre_hook(to_fp32)
