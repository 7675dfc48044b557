"""The network of a checkpoint, ready to predict."""

from typing import Any

import torch

from harness.config.hyperparameters import Precision
from harness.evaluation.checkpoint import NO_HEAD, Checkpoint
from harness.message_text import first_line, names_in_short
from harness.models.adapters import AdapterBase, weights_of
from harness.models.generic import auto_class
from harness.training.network import fix_umt5_logit_scaling

DTYPES = {Precision.FP32: torch.float32, Precision.BF16: torch.bfloat16, Precision.FP16: torch.float16}


def load_network(checkpoint: Checkpoint, precision: Precision) -> Any:
    """Return encoder and head in evaluation mode, on the CPU.

    Raises:
        CheckpointError: the files do not hold all of them.
    """
    from safetensors import SafetensorError

    options: dict[str, Any] = {"dtype": DTYPES[precision], "output_loading_info": True}
    code = checkpoint.model.trust_remote_code
    try:
        auto = auto_class(checkpoint.auto_class)
        if AdapterBase.of(checkpoint.folder) is None:
            model, loading = auto.from_pretrained(
                checkpoint.folder, use_safetensors=True, trust_remote_code=code, **options
            )
        else:
            model, loading = _with_adapter(auto, checkpoint, options)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise checkpoint.error(
            f"it can't be loaded as {checkpoint.auto_class}: {first_line(error)}"
        ) from error
    bare = checkpoint.auto_class == NO_HEAD
    # What pools the last layer makes none of the vectors that are compared.
    missing = sorted(key for key in loading["missing_keys"] if not (bare and key.startswith("pooler.")))
    if missing:
        raise checkpoint.error(
            f"its files lack {len(missing)} tensors of the model ({names_in_short(missing, 200)}), which "
            "would be random numbers. It may be an encoder without a head: train one first."
        )
    if checkpoint.text_format is not None:
        fix_umt5_logit_scaling(model)
    if precision is not Precision.FP32 and not bare:
        _keep_head_in_fp32(model, checkpoint.text_format is not None)
    return model.eval()


def _with_adapter(auto: Any, checkpoint: Checkpoint, options: dict[str, Any]) -> Any:
    """Return a model whose folder holds an adapter, merged into its base, and what was loaded."""
    from transformers import AutoConfig

    code = checkpoint.model.trust_remote_code
    config = AutoConfig.from_pretrained(checkpoint.folder, trust_remote_code=code)
    with torch.device("meta"):
        skeleton = auto.from_config(config, trust_remote_code=code)
    weights = weights_of(checkpoint.folder)
    return type(skeleton).from_pretrained(None, config=config, state_dict=weights, **options)


def _keep_head_in_fp32(model: Any, text_to_text: bool) -> None:
    """Compute what stands on the encoder in fp32: bf16's ties between labels would decide items."""

    def to_fp32(module: torch.nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(value.float() if isinstance(value, torch.Tensor) else value for value in inputs)

    if text_to_text:
        layer = model.get_output_embeddings()
        # A parameter of its own: it may also be the embedding matrix, which stays as it is.
        layer.weight = torch.nn.Parameter(layer.weight.detach().float(), requires_grad=False)
        layer.register_forward_pre_hook(to_fp32)
        return
    for name, child in model.named_children():
        if name != model.base_model_prefix:
            child.float().register_forward_pre_hook(to_fp32)
