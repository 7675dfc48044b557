"""A model to train: an encoder with a fresh head, or a text-to-text model, which has none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from harness.config.hyperparameters import Hyperparameters, LoraAdapter, Precision
from harness.config.model_family import is_text_to_text
from harness.errors import UserError
from harness.kinds.model import Head
from harness.kinds.registry import TrainingTask, text_form
from harness.kinds.text_to_text import model_for
from harness.models.adapters import ADAPTER, AdapterBase, shapes_of, weights_of
from harness.models.checks import check_folder
from harness.models.families import is_decoder
from harness.models.files import read_tensors
from harness.models.generic import auto_class
from harness.models.positions import usable_positions
from harness.models.references import ModelRef
from harness.models.tokenizer import fast_tokenizer
from harness.models.xmod import freeze_adapters, set_language
from harness.training.adapter import Adapted, add_adapter, in_training, own_name
from harness.training.cpu_attention import enable_cpu_attention
from harness.training.cpu_dropout import enable_cpu_dropout
from harness.training.used_rows import train_used_rows

_DROPOUT_FIELDS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "classifier_dropout",
    "classifier_dropout_prob",
    "pooler_dropout",
    "cls_dropout",
    "summary_last_dropout",
    "dropout",
    "dropout_rate",
    "attention_dropout",
    "seq_classif_dropout",
    "embedding_dropout",
    "mlp_dropout",
)


class UnsafePrecisionError(UserError):
    """The model's activations exceed the number format."""

    page = "faq.md"


class UnsmoothedLossError(UserError):
    """Label smoothing is asked of a kind whose loss has no labels."""


class NoCheckpointingError(UserError):
    """The architecture cannot compute activations again."""


class IncompleteEncoderError(UserError):
    """The folder lacks weights of the encoder."""


class HeadNotReusableError(UserError):
    """The head of an earlier stage does not fit, though its task's labels are the same."""


class InputTooLongError(UserError):
    """`max_length` exceeds the model's positions."""


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to train, on the CPU, in fp32.

    Attributes:
        model: Encoder and head.
        config: The configuration as the folder has it, with the head's settings but no dropout override.
        frozen: Tensors that training leaves as they are, by name: frozen parameters and saved buffers.
        head_names: Names of the head's tensors.
        carried: Tensors of the encoder that this head does without (a pooler), by name; later heads may not.
        adapted: The matrices that have an adapter, where one is trained.
        renamed: Name of each parameter of the model -> the name under which it is saved.
    """

    model: Any
    config: Any
    frozen: dict[str, torch.Tensor]
    head_names: frozenset[str]
    carried: dict[str, torch.Tensor]
    adapted: Adapted | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)

    def own_name(self, name: str) -> str:
        """Return how a trained parameter is saved."""
        return self.renamed.get(name, name)


def load_model(
    model: ModelRef,
    task: TrainingTask,
    settings: Hyperparameters,
    seed: int,
    reused_head: Path | None = None,
    used_ids: npt.NDArray[np.int64] | None = None,
    *,
    mapped: bool = False,
) -> LoadedModel:
    """Load the encoder of a folder and put a fresh head on it, drawn by `seed`, or one that is reused.

    A head that the folder may hold (of a classifier, of masked language modelling) is never used.

    Args:
        model: A model of this machine, with safetensors.
        task: Decides the head.
        settings: Dropout override and frozen embeddings.
        seed: Seed of the head's weights.
        reused_head: Folder of an encoder with the head to start from.
        used_ids: The token ids that inputs can hold, ascending; None where that is not known.
        mapped: Leave the weights in the mapped files, since they are divided among processes.

    Raises:
        UnsupportedModelError: the architecture is not one that is trained.
        UnsuitedKindError: a text-to-text model cannot be trained on the task's kind.
        UnsafePrecisionError: a text-to-text model cannot be trained in fp16.
        IncompleteEncoderError: an encoder weight is missing in the folder.
        HeadNotReusableError: the reused head lacks weights.
        ModelFileError: a file of the folder is missing or damaged.
        InputTooLongError: `max_length` exceeds the model's positions.
    """
    head, config = _configured(model, task, settings)
    active = type(config).from_dict(config.to_dict() | _dropouts(config, settings.dropout))
    found, before = _weights(model.folder, settings.adapter)
    reused = weights_of(reused_head) if reused_head else {}
    built, head_names, carried = _build(model, active, head, seed, found, reused)
    freeze_adapters(built)
    adapted = None
    if settings.adapter is not None:
        adapted = add_adapter(built, settings.adapter, head_names, seed, before)
    if settings.freeze_embeddings or adapted is not None:
        built.get_input_embeddings().weight.requires_grad_(False)
    elif used_ids is not None:
        train_used_rows(built, used_ids)
    if settings.activation_checkpointing:
        _checkpoint_activations(model, built)
    parameters = dict(built.named_parameters())
    names = _names(built, head_names)
    for parameter in parameters.values():
        if parameter.requires_grad and not mapped:
            # Tensors of a mapped file lie unaligned; kernels then take other paths, with other last bits.
            parameter.data = parameter.data.clone()
    tied = {name for name, _ in built.named_parameters(remove_duplicate=False)} - {*names.values()}
    trained = {names[id(parameter)] for parameter in parameters.values() if parameter.requires_grad}
    frozen = {
        own_name(name): tensor.detach()
        for name, tensor in built.state_dict(keep_vars=True).items()
        if name not in tied and name not in trained
    }
    if adapted is not None:
        frozen = {name: tensor for name, tensor in frozen.items() if name not in adapted.bases}
    renamed = {name: names[id(parameter)] for name, parameter in parameters.items()}
    return LoadedModel(built, config, frozen, head_names, carried, adapted, renamed)


def _names(built: Any, head_names: frozenset[str]) -> dict[int, str]:
    """Return the one name of each parameter (by its id) under which it is saved.

    The output layer of a language model is its embedding matrix under a second name, which some classes have
    first (XLM-R's): the matrix is the encoder's.
    """
    names: dict[int, str] = {}
    for name, parameter in built.named_parameters(remove_duplicate=False):
        if names.get(id(parameter), name) in head_names:
            names[id(parameter)] = name
        else:
            names.setdefault(id(parameter), name)
    return names


def _checkpoint_activations(model: ModelRef, built: Any) -> None:
    if not built.supports_gradient_checkpointing:
        raise NoCheckpointingError(
            f"training.activation_checkpointing: model {model.name}: transformers does not offer it for "
            f"{built.config.model_type}; leave it out, or use more accumulation"
        )
    built.config.use_cache = False
    built.gradient_checkpointing_enable({"use_reentrant": False, "preserve_rng_state": True})


def _weights(
    folder: Path, adapter: LoraAdapter | None
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Return the weights to start from and, where a stage goes on with an earlier one's adapter, that."""
    base = AdapterBase.of(folder)
    if base is None or adapter is None or adapter.merge:
        return weights_of(folder), {}
    pairs = read_tensors(folder / ADAPTER)
    return weights_of(base.folder()), {in_training(name): tensor for name, tensor in pairs.items()}


def check_loads(model: ModelRef, task: TrainingTask, settings: Hyperparameters) -> Any:
    """Return the model's configuration, once it is known that `load_model` would load it; reads no weights.

    Raises:
        UserError: as `load_model`.
    """
    head, config = _configured(model, task, settings)
    # One number stands for each tensor, so that shapes and names are compared without the memory.
    found = {name: torch.zeros(1).expand(shape) for name, shape in shapes_of(model.folder).items()}
    _build(model, config, head, 0, found, {})
    return config


def _configured(model: ModelRef, task: TrainingTask, settings: Hyperparameters) -> tuple[Head[Any], Any]:
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    words = text_form(task).format if is_text_to_text(model.folder) else None
    head = model_for(task, text_to_text=words is not None).head
    if words is not None:
        _check_precision(settings.precision)
    if settings.label_smoothing and not head.smooths:
        raise UnsmoothedLossError(
            f"training.label_smoothing: {settings.label_smoothing:g} is for kinds whose loss is over labels, "
            f"not for task {task.name} of kind {task.kind}; set 0 for it under training.per_task"
        )
    config = _config(model, task, head)
    _check_length(config, settings.max_length)
    # Evaluation cuts inputs where training did (harness.evaluation.checkpoint), and reads them alike.
    config.xstilts = {"max_length": settings.max_length}
    if words is not None:
        config.xstilts["text_format"] = words.model_dump(mode="json")
    return head, config


def _config(model: ModelRef, task: TrainingTask, head: Head[Any]) -> Any:
    from transformers import AutoConfig

    check_folder(model.folder, model.trust_remote_code, [task.kind])
    config = AutoConfig.from_pretrained(model.name, trust_remote_code=model.trust_remote_code)
    config.dtype = torch.float32
    config.update(head.settings(task))
    set_language(config, task.language)
    if not model.trust_remote_code and hasattr(config, "auto_map"):
        # What is saved is a model of transformers' own class, which needs no such code.
        del config.auto_map
    if is_decoder(config.model_type):
        # By it transformers finds the last token of each input, on which the head stands.
        config.pad_token_id = fast_tokenizer(model).pad_token_id
    return config


def _check_precision(precision: Precision) -> None:
    if precision is Precision.FP16:
        raise UnsafePrecisionError(
            "training.precision: fp16: the activations of T5's family exceed it, so that losses become "
            "infinite; set bf16, or fp32 where the device lacks it"
        )


def _check_length(config: Any, max_length: int) -> None:
    usable = usable_positions(config.to_dict())
    if usable is not None and max_length > usable:
        raise InputTooLongError(
            f"training.max_length: {max_length} is more than the model's {usable} positions; "
            f"set at most {usable}"
        )


def _dropouts(config: Any, dropout: float | None) -> dict[str, float]:
    if dropout is None:
        return {}
    return {field: dropout for field in _DROPOUT_FIELDS if hasattr(config, field)}


def _build(
    source: ModelRef,
    config: Any,
    head: Head[Any],
    seed: int,
    found: dict[str, torch.Tensor],
    reused: dict[str, torch.Tensor],
) -> tuple[Any, frozenset[str], dict[str, torch.Tensor]]:
    import transformers

    auto = auto_class(head.auto_class)
    with torch.device("meta"):
        skeleton = auto.from_config(config, trust_remote_code=source.trust_remote_code)
        bare = transformers.AutoModel.from_config(config, trust_remote_code=source.trust_remote_code)
    # T5's models are their own base, whatever their prefix says.
    prefix = "" if skeleton.base_model is skeleton else f"{skeleton.base_model_prefix}."
    names = frozenset(skeleton.state_dict())
    head_names = frozenset(name for name in names if not name.startswith(prefix))
    weights = {name: tensor for name, tensor in found.items() if name not in head_names}
    # A pooler that was never pretrained (XLM-R's) is as much a part of the head as what stands on it.
    pooler = {
        name
        for name in names
        if name.startswith(f"{prefix}pooler.") and not {name, name.removeprefix(prefix)} & found.keys()
    }
    weights |= {name: tensor for name, tensor in reused.items() if name in head_names | pooler}
    torch.manual_seed(seed)
    model, report = type(skeleton).from_pretrained(
        None,
        config=config,
        state_dict=weights,
        output_loading_info=True,
        dtype=torch.float32,
        ignore_mismatched_sizes=True,
    )
    for name, has, due in sorted(report["mismatched_keys"]):
        if name not in head_names:
            raise IncompleteEncoderError(
                f"model {source.name}: config.json describes another model than its weights: {name} has the "
                f"shape {tuple(has)} there, and {tuple(due)} by config.json. Copy both from the same model"
            )
    missing = {*report["missing_keys"], *(entry[0] for entry in report["mismatched_keys"])}
    if reused and missing & (head_names | pooler):
        raise HeadNotReusableError(
            f"head: reuse: the earlier head lacks {min(missing & (head_names | pooler))}; write head: new"
        )
    lost = missing - head_names - pooler
    if lost:
        raise IncompleteEncoderError(
            f"model {source.name}: the weights lack {len(lost)} tensors of the encoder (first: {min(lost)}); "
            f"they would be random. Found there: {', '.join(sorted(weights)[:3]) or 'nothing'} …"
        )
    carried = {}
    for name in bare.state_dict() if prefix else ():
        tensor = found.get(prefix + name, found.get(name))
        if tensor is not None and prefix + name not in names:
            carried[prefix + name] = tensor.float()
    fix_umt5_logit_scaling(model)
    enable_cpu_attention(model)
    enable_cpu_dropout(model)
    return model, head_names | pooler, carried


def fix_umt5_logit_scaling(model: Any) -> None:
    """Let a umT5 model scale the decoder's outputs only where its output layer is its embedding matrix.

    transformers 5 takes every umT5 for such a one, though the published ones have a layer of their own
    (`tie_word_embeddings: false` in their config.json) and were pretrained without the scaling.
    """
    if model.config.model_type == "umt5":
        tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
        model.config.tie_word_embeddings = tied
