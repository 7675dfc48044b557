"""Encoders with a classification head: one forward pass scores all choices of a document."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harness.config.hyperparameters import Precision
from harness.errors import UserError
from harness.evaluation.checkpoint import Checkpoint, CheckpointError, first_line
from harness.evaluation.checkpoint_tokenizer import load_tokenizer
from harness.evaluation.job import EvaluationProgress
from harness.evaluation.tokenised import PairTokenizer, TextPair, TokenisedPair, batches
from harness.message_text import names_in_short

DTYPES = {Precision.FP32: torch.float32, Precision.BF16: torch.bfloat16, Precision.FP16: torch.float16}


CPU_TOKENS = 2048
"""Tokens in a batch beyond which a CPU slows down, as a layer's activations leave its caches.

Measured with 384 hidden units in bf16: 80 to 87 items/s at 1,024 to 4,096 tokens, 64 to 70 at 8,192.
"""


class PrecisionError(UserError):
    """A precision that the device does not compute in."""


class EncoderClassifier:
    """A `…ForSequenceClassification` that scores texts and pairs of texts."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        device: torch.device,
        precision: Precision,
        batch_size: int,
    ) -> None:
        if precision is Precision.FP16 and device.type == "cpu":
            raise PrecisionError("precision fp16 needs a GPU; on a CPU use bf16 or fp32")
        self.labels = checkpoint.labels
        self._checkpoint = checkpoint
        self._device = device
        tokens = batch_size * checkpoint.max_length
        self._most_tokens = min(tokens, CPU_TOKENS) if device.type == "cpu" else tokens
        self._model = _load_model(checkpoint, precision).to(device)
        self._tokenizer, self._padding = _load_tokenizer(checkpoint)

    @torch.inference_mode()
    def log_probabilities(
        self, pairs: Sequence[TextPair], report: Callable[[EvaluationProgress], None]
    ) -> NDArray[np.float64]:
        """Return the log-probability of every label: shape (pairs, labels), natural logarithms.

        The softmax is taken in fp64: two fp32 logits that differ keep their order.
        """
        tokenised = self._tokenizer(pairs)
        started, done = time.perf_counter(), 0
        logits = torch.empty((len(pairs), len(self.labels)), dtype=torch.float32, device=self._device)
        for rows in batches([len(pair.ids) for pair in tokenised], self._most_tokens):
            output = self._model(**self._inputs([tokenised[row] for row in rows]))
            logits[torch.from_numpy(rows).to(self._device)] = output.logits.float()
            done += len(rows)
            seconds = max(time.perf_counter() - started, 1e-9)
            report(EvaluationProgress(done=done, total=len(pairs), items_per_second=done / seconds))
        return torch.log_softmax(logits.double(), dim=-1).cpu().numpy()

    def _inputs(self, pairs: Sequence[TokenisedPair]) -> dict[str, torch.Tensor]:
        shape = (len(pairs), max(len(pair.ids) for pair in pairs))
        ids = np.full(shape, self._padding.token, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        segments = (
            None if pairs[0].segments is None else np.full(shape, self._padding.segment, dtype=np.int64)
        )
        for row, pair in enumerate(pairs):
            length = len(pair.ids)
            place = slice(shape[1] - length, None) if self._padding.left else slice(0, length)
            ids[row, place] = pair.ids
            mask[row, place] = 1
            if segments is not None and pair.segments is not None:
                segments[row, place] = pair.segments
        arrays = {"input_ids": ids, "attention_mask": mask, "token_type_ids": segments}
        return {
            name: torch.from_numpy(array).to(self._device, non_blocking=True)
            for name, array in arrays.items()
            if array is not None
        }


class _Padding:
    def __init__(self, tokenizer: Any) -> None:
        self.token = int(tokenizer.pad_token_id)
        self.segment = int(tokenizer.pad_token_type_id)
        self.left = tokenizer.padding_side == "left"


def _load_tokenizer(checkpoint: Checkpoint) -> tuple[PairTokenizer, _Padding]:
    tokenizer = load_tokenizer(checkpoint)
    if tokenizer.pad_token_id is None:
        raise CheckpointError(
            f"checkpoint {checkpoint.folder}: its tokenizer has no padding token; set `pad_token`."
        )
    return PairTokenizer(tokenizer, checkpoint.folder, checkpoint.max_length), _Padding(tokenizer)


def _load_model(checkpoint: Checkpoint, precision: Precision) -> torch.nn.Module:
    from safetensors import SafetensorError
    from transformers import AutoModelForSequenceClassification

    try:
        model, loading = AutoModelForSequenceClassification.from_pretrained(
            checkpoint.folder,
            dtype=DTYPES[precision],
            use_safetensors=True,
            trust_remote_code=checkpoint.model.trust_remote_code,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise CheckpointError(
            f"checkpoint {checkpoint.folder}: it can't be loaded as a sequence classifier: "
            f"{first_line(error)}"
        ) from error
    missing = sorted(loading["missing_keys"])
    if missing:
        raise CheckpointError(
            f"checkpoint {checkpoint.folder}: its files lack {len(missing)} tensors of a classifier "
            f"({names_in_short(missing, 200)}), which would be random numbers. "
            "It may be an encoder without a head: train one first."
        )
    outputs = int(model.config.num_labels)
    if outputs != len(checkpoint.labels):
        raise CheckpointError(
            f"checkpoint {checkpoint.folder}: its head has {outputs} outputs, but "
            f"{len(checkpoint.labels)} labels are named: {names_in_short(checkpoint.labels)}"
        )
    if precision is not Precision.FP32:
        _keep_head_in_fp32(model)
    evaluating: torch.nn.Module = model.eval()
    return evaluating


def _keep_head_in_fp32(model: Any) -> None:
    """Compute the head in fp32: bf16 logits have 8 bits, so that ties between labels would decide items."""

    def to_fp32(module: torch.nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(value.float() if isinstance(value, torch.Tensor) else value for value in inputs)

    for name, child in model.named_children():
        if name != model.base_model_prefix:
            child.float().register_forward_pre_hook(to_fp32)
