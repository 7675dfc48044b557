"""Peak memory of a device while a stage is trained.

Model states follow Rajbhandari et al. 2020, section 3 (https://arxiv.org/abs/1910.02054): in mixed precision
2 bytes a parameter, 2 a gradient and K = 12 for the optimizer (fp32 weight and two moments); ZeRO 1 divides
the optimizer's states by the devices, 2 the gradients too, 3 the parameters too. Activations follow
Korthikanti et al. 2022, section 4.1 (https://arxiv.org/abs/2205.05198): s · b · h · L · (34 + 5 · a · s / h)
bytes at 16 bits; of a text-to-text model the decoder adds its keys and values of the input and the scores of
an output of three tokens. A CPU's process also holds its libraries and the model as it was loaded, in fp32,
and batches of many widths leave gaps in its heap: it takes 2.5 times what they need (measured on 640 rows of
XNLI, PAWS-X and RTE by `embedded:e5-small`, 16 at a time, at most 128 tokens: 3.2, 3.6 and 3.6 GB; estimated
3.2). What the C library keeps of a worker's earlier stages is left out.
"""

from dataclasses import dataclass

from harness.config.hyperparameters import Hyperparameters, Optimizer, Precision
from harness.cost.architecture import OUTPUT_TOKENS, Architecture
from harness.models.files import MAX_SHARD_BYTES

# Resident set of a process that has imported torch, transformers, DeepSpeed and lm-eval and read a tokenizer
# of 250,000 pieces (measured: 868 MB, 350 MB of them the tokenizer).
_LIBRARIES = 0.87e9
_HEAP = 2.5
# Parameters that ZeRO 3 gathers at one time: DeepSpeed's default, and that of zero3_offload.json.
_LIVE, _LIVE_OFFLOADED = 1_000_000_000, 200_000_000


@dataclass(frozen=True)
class Memory:
    """Bytes of one device at its peak; the allocator's reserve and CUDA's own context are left out.

    Attributes:
        states: Parameters, gradients and the optimizer's states.
        activations: What the backward pass needs of the forward pass, for a batch of inputs of `max_length`.
        host: Of a CPU's process, its libraries and the model as it was loaded.
        step: Of a GPU, the gradients laid flat and in fp32 while DeepSpeed takes a step, when the activations
            are gone (measured through the allocator: with the states 22 bytes a parameter at levels 1 and 2
            in 16 bits, 20 at the others, 24 at levels 1 to 3 in fp32).
    """

    states: float
    activations: float
    host: float = 0.0
    step: float = 0.0

    @property
    def total(self) -> float:
        """Bytes."""
        return self.states + max(self.activations, self.step) + self.host


def peak_memory(
    model: Architecture,
    trained: int,
    frozen: int,
    idle: int,
    settings: Hyperparameters,
    devices: int,
    zero_stage: int,
    offloads: bool,
    on_host: bool = False,
) -> Memory:
    """Estimate one device's peak.

    Args:
        model: The model's shape.
        trained: Parameters that are trained, head included.
        frozen: Parameters that are not.
        idle: Parameters of word embeddings that are trained in name only, since no input names their rows.
        settings: Batch, length and precision.
        devices: Devices that share the work.
        zero_stage: ZeRO level, 0 to 3.
        offloads: The optimizer's states (and at level 3 the parameters) lie in the host's memory.
        on_host: The device is a CPU.
    """
    mixed = settings.precision is not Precision.FP32
    width = 2 if mixed else 4
    # At levels 1 and up DeepSpeed keeps an fp32 copy of the weights also where training is in fp32.
    optimizer = 12 if mixed or zero_stage else 8
    if settings.optimizer is Optimizer.ADAFACTOR:
        optimizer -= 8  # its means of rows and columns are small
    parameters = width * (trained + frozen) / (devices if zero_stage == 3 else 1)
    gradients = width * trained / (devices if zero_stage >= 2 else 1)
    states = optimizer * trained / (devices if zero_stage >= 1 else 1)
    if offloads and not on_host:
        states = 0
        parameters = 0 if zero_stage == 3 else parameters
    host = _host(trained, frozen, idle, width, devices, zero_stage, offloads) if on_host else 0.0
    activations = _activations(model, settings, devices, width) * (_HEAP if on_host else 1)
    copies = (6 if zero_stage in (1, 2) else 4) if mixed else (4 if zero_stage else 0)
    step = 0.0 if offloads or on_host else copies * trained / (devices if zero_stage else 1)
    return Memory(parameters + gradients + states, activations, host, step)


def _host(
    trained: int, frozen: int, idle: int, width: int, devices: int, zero_stage: int, offloads: bool
) -> float:
    """Return what a CPU's process holds besides the states: libraries, files, copies."""
    file, saved = 4 * (trained + frozen), min(4 * trained, MAX_SHARD_BYTES)
    if zero_stage < 3:
        # The file that was loaded stays mapped; trained weights are copied out of it, and once more to be
        # saved; rows of word embeddings that are not trained are, and are scaled to be saved.
        return _LIBRARIES + file + 4 * trained + saved + 8 * idle
    # Gradients in fp32; the parameters that are whole at one time; and the file while it is divided, or one
    # file that is saved.
    whole = width * min(trained + frozen, _LIVE_OFFLOADED if offloads else _LIVE)
    return _LIBRARIES + 4 * trained / devices + whole + saved + 8 * idle


def _activations(model: Architecture, settings: Hyperparameters, devices: int, width: int) -> float:
    batch = -(-settings.batch_size // (settings.accumulation * devices))
    length, layers = settings.max_length, model.layers
    token = 34 + 5 * model.heads * length / model.hidden
    encoder = length * batch * model.hidden * layers * token * width / 2
    if settings.activation_checkpointing:
        # Each layer's input, and one layer whole (Chen et al. 2016, https://arxiv.org/abs/1604.06174).
        encoder = encoder / layers + length * batch * model.hidden * layers * width
    return encoder + batch * _decoder_activations(model, length, width)


def _decoder_activations(model: Architecture, length: int, width: int) -> float:
    """Return the bytes for one input: its keys and values, and the scores of an answer's words."""
    if not model.is_text_to_text:
        return 0.0
    keys = 2 * model.decoder_layers * length * model.heads * model.head_width * width
    # The output layer's scores as they come, and in fp32 with the gradient.
    scores = OUTPUT_TOKENS * model.vocabulary * (width + 8)
    return keys + scores
