"""What stages cost: operations, time, memory and disk, from a model's shape and a task's size.

The formulas, with N the parameters of the matrices, t the tokens, L the layers, h the width, s the length:

- A forward pass takes t · (2 · N + 4 · L · h · s) operations, a training step three times that (Kaplan et
  al. 2020, section 2.1, https://arxiv.org/abs/2001.08361; Chowdhery et al. 2022, appendix B,
  https://arxiv.org/abs/2204.02311: 6 · N + 12 · L · h · s for each token): one for the pass, one for the
  gradients of activations, one for those of weights, which frozen ones beside an adapter do without (Hu et
  al. 2021). Activation checkpointing takes one pass more (Chen et al. 2016, https://arxiv.org/abs/1604.06174).
  Word embeddings are looked up, not multiplied, so frozen ones save only the optimizer's work.
- Of word embeddings that are trained, an encoder's optimizer sees the rows that inputs name
  (`harness.training.used_rows`): about 20 · sqrt(tokens of the task's rows), in the manner of Heaps' law
  (XLM-R's tokenizer on XNLI, PAWS-X, RTE and WikiANN: 1,000 to 3,400 of 10,000 tokens, 4,900 to 11,500 of
  100,000, 18,800 of 560,000).
- AdamW does about 15 operations for each trained parameter and step, and moves 28 bytes (fp32 weight, two
  moments and gradient read; the first three written), 30 with a 16-bit copy. Its time is that of the bytes.
- Time = operations / (peak · utilization) + the optimizer's bytes / bandwidth, on a GPU at least the time in
  which the host starts the kernels: about 160 a layer and step (counted in 12 layers at ZeRO level 2), 6 µs
  each. Exchange between devices, padding and reading data are left to the utilization.
- Memory: `harness.cost.memory`. Disk: 4 bytes for each trained parameter and stage; frozen ones once.
"""

import math
from dataclasses import dataclass

from harness.config.hyperparameters import Hyperparameters, Precision
from harness.cost.accelerators import Accelerator
from harness.cost.architecture import OUTPUT_TOKENS, Architecture
from harness.cost.memory import Memory, peak_memory

UTILIZATION = 0.3
"""Share of the peak that short inputs in small batches reach; PaLM reports 0.46 for large ones (table 3)."""
_ADAM_OPERATIONS = 15
_ADAM_BYTES = 28
_BYTES = 4
_LAUNCHES, _LAUNCH_SECONDS = 160, 6e-6
_NAMED = 20


@dataclass(frozen=True)
class Size:
    """How much a stage is trained on.

    Attributes:
        rows: Rows of the task, before `train_rows`; of a mixture, examples of an epoch.
        tokens_per_row: Mean tokens of an input, special ones counted, after cutting to `max_length`.
        labels: Label names of its head.
        any_token: Whether its inputs can hold any token, as those of masked language modelling do.
    """

    rows: int
    tokens_per_row: float
    labels: int
    any_token: bool = False


@dataclass(frozen=True)
class Machine:
    """What the stages run on.

    Attributes:
        utilization: Share of the peak that is reached, 0 to 1.
        devices: How many of the accelerator work together.
        zero_stage: ZeRO level, 0 to 3.
        offloads: Whether the optimizer's states lie in the host's memory.
    """

    accelerator: Accelerator
    utilization: float = UTILIZATION
    devices: int = 1
    zero_stage: int = 2
    offloads: bool = False


@dataclass(frozen=True)
class StageCost:
    """What one stage takes.

    Attributes:
        samples: Examples trained on, repetitions counted.
        tokens: Their tokens, padding left out.
        flops: Operations of forward and backward passes and of the optimizer.
        seconds: Time of the training steps; None where the accelerator lacks the precision.
        memory: Peak of one device.
        disk: Bytes of its own in the store.
        frozen: Bytes of frozen tensors, which the stages of a store share.
    """

    samples: int
    steps: int
    tokens: float
    flops: float
    seconds: float | None
    memory: Memory
    disk: int
    frozen: int


def stage_cost(model: Architecture, size: Size, settings: Hyperparameters, machine: Machine) -> StageCost:
    """Estimate one stage."""
    rows = min(size.rows, settings.train_rows or size.rows)
    samples = settings.steps * settings.batch_size if settings.steps else round(rows * settings.epochs)
    steps = settings.steps or -(-samples // settings.batch_size)
    tokens = samples * size.tokens_per_row
    products = _passes(settings) * forward_flops(model, samples, size.tokens_per_row, size.labels)
    head = model.head_parameters(size.labels)
    trained = trained_parameters(model, settings) + head
    frozen = model.word_embeddings if settings.freeze_embeddings or settings.adapter else 0
    if settings.adapter is not None:
        frozen += model.body_parameters()
    idle = _idle_parameters(model, size, settings)
    optimized = trained - idle
    return StageCost(
        samples=samples,
        steps=steps,
        tokens=tokens,
        flops=products + steps * optimized * _ADAM_OPERATIONS,
        seconds=_seconds(
            products,
            steps * optimized,
            settings.precision,
            machine,
            steps * settings.accumulation * (model.layers + model.decoder_layers),
        ),
        memory=peak_memory(
            model,
            optimized,
            frozen,
            idle,
            settings,
            machine.devices,
            machine.zero_stage,
            machine.offloads,
            machine.accelerator.is_host,
        ),
        # Merged into the weights, an adapter changes all of the body.
        disk=_BYTES * (model.body_parameters() + head if _merges(settings) else trained),
        frozen=_BYTES * _stored_frozen(model, settings),
    )


def _passes(settings: Hyperparameters) -> int:
    """Return how many times the operations of a forward pass a training step takes."""
    # Forward, the gradients of activations and those of weights, which an adapter's base does without.
    passes = 2 if settings.adapter is not None else 3
    return passes + settings.activation_checkpointing


def forward_flops(model: Architecture, samples: int, tokens_per_row: float, labels: int) -> float:
    """Return the operations of the matrix products of one forward pass over `samples` inputs.

    Text-to-text models also write a label of about three tokens.
    """
    token = 2 * model.matrices() + 2 * model.attention_products(tokens_per_row)
    output = 2 * model.decoder_matrices() * OUTPUT_TOKENS
    return samples * (tokens_per_row * token + output + 2 * model.pooled_matrices(labels))


def scoring_flops(model: Architecture, items: int, tokens_per_row: float, labels: int) -> float:
    """Return the operations of scoring: a forward pass, and a decoding of each label where it is in words."""
    once = forward_flops(model, items, tokens_per_row, labels)
    if not model.is_text_to_text:
        return once
    decoding = tokens_per_row * model.cross_matrices() + OUTPUT_TOKENS * model.decoder_matrices()
    return once + items * (labels - 1) * 2 * decoding


def trained_parameters(model: Architecture, settings: Hyperparameters) -> int:
    """Return the parameters of the encoder (and decoder) that training changes."""
    if settings.adapter is not None:
        return model.adapter_parameters(settings.adapter.rank)
    return model.body_parameters() + (0 if settings.freeze_embeddings else model.word_embeddings)


def _stored_frozen(model: Architecture, settings: Hyperparameters) -> int:
    """Return the frozen parameters that a store keeps: none beside adapters that are not merged."""
    if settings.adapter is not None and not settings.adapter.merge:
        return 0
    return model.word_embeddings if settings.freeze_embeddings or settings.adapter else 0


def _merges(settings: Hyperparameters) -> bool:
    return settings.adapter is not None and settings.adapter.merge


def _idle_parameters(model: Architecture, size: Size, settings: Hyperparameters) -> int:
    """Return the parameters of word embeddings that are to be trained and no input names."""
    if settings.freeze_embeddings or settings.adapter or model.is_text_to_text or size.any_token:
        return 0
    named = min(model.vocabulary, round(_NAMED * math.sqrt(size.rows * size.tokens_per_row)))
    return model.word_embeddings * (model.vocabulary - named) // model.vocabulary


def forward_seconds(flops: float, precision: Precision, machine: Machine) -> float | None:
    """Return the time of matrix products; None where the accelerator lacks the precision."""
    peak = machine.accelerator.peak.get(precision)
    return flops / (peak * machine.utilization * machine.devices) if peak else None


def _seconds(
    products: float, updates: float, precision: Precision, machine: Machine, layers: int
) -> float | None:
    """Return the time of steps with so many operations, updates of a parameter, and passes of a layer."""
    passes = forward_seconds(products, precision, machine)
    if passes is None:
        return None
    share = machine.devices if machine.zero_stage else 1
    moved = _ADAM_BYTES + (0 if precision is Precision.FP32 else 2)
    computing = passes + updates * moved / (machine.accelerator.bandwidth * share)
    starting = 0.0 if machine.accelerator.is_host else layers * _LAUNCHES * _LAUNCH_SECONDS
    return max(computing, starting)
