"""An encoder with a head, made of the tensors of a model's folder."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from harness.errors import UserError
from harness.kinds.model import Head
from harness.models.generic import auto_class
from harness.models.references import ModelRef
from harness.training.cpu_attention import enable_cpu_attention
from harness.training.cpu_dropout import enable_cpu_dropout


class IncompleteEncoderError(UserError):
    """The folder lacks weights of the encoder."""


class HeadNotReusableError(UserError):
    """The head of an earlier stage does not fit, though its task's labels are the same."""


@dataclass(frozen=True)
class Network:
    """An encoder with a head.

    Attributes:
        model: The model of transformers.
        head_names: Names of the head's tensors.
        carried: Tensors of the encoder that this head does without (a pooler), by name; later heads may not.
    """

    model: Any
    head_names: frozenset[str]
    carried: dict[str, torch.Tensor]


def build_network(
    source: ModelRef,
    config: Any,
    head: Head[Any],
    seed: int,
    found: dict[str, torch.Tensor],
    reused: dict[str, torch.Tensor],
) -> Network:
    """Return an encoder with a head, fresh but for what is reused, on the CPU in fp32.

    Args:
        source: The model, for messages and for whether its code may run.
        config: Its configuration with the head's settings.
        head: The head.
        seed: Seed of the head's weights.
        found: The tensors of the model; a head among them is not used.
        reused: The tensors of a model whose head is.

    Raises:
        IncompleteEncoderError: an encoder weight is missing.
        HeadNotReusableError: the reused head lacks weights.
    """
    auto = auto_class(head.auto_class)
    with torch.device("meta"):
        skeleton = auto.from_config(config, trust_remote_code=source.trust_remote_code)
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
    _check(source, report, head_names, pooler, bool(reused), weights)
    carried = _carried(source, config, prefix, names, found)
    fix_umt5_logit_scaling(model)
    enable_cpu_attention(model)
    enable_cpu_dropout(model)
    return Network(model, head_names | pooler, carried)


def _carried(
    source: ModelRef, config: Any, prefix: str, names: frozenset[str], found: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Return the tensors of the encoder that are found and that the model with its head does without."""
    if not prefix or all(prefix + name.removeprefix(prefix) in names for name in found):
        return {}
    import transformers

    with torch.device("meta"):
        bare = transformers.AutoModel.from_config(config, trust_remote_code=source.trust_remote_code)
    tensors = {prefix + name: found.get(prefix + name, found.get(name)) for name in bare.state_dict()}
    return {name: one.float() for name, one in tensors.items() if one is not None and name not in names}


def _check(
    source: ModelRef,
    report: Mapping[str, Any],
    head_names: frozenset[str],
    pooler: set[str],
    reused: bool,
    weights: Collection[str],
) -> None:
    """Refuse tensors of the encoder that are missing or of another shape, and those of a reused head."""
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


def fix_umt5_logit_scaling(model: Any) -> None:
    """Let a umT5 model scale the decoder's outputs only where its output layer is its embedding matrix.

    transformers 5 takes every umT5 for such a one, though the published ones have a layer of their own
    (`tie_word_embeddings: false` in their config.json) and were pretrained without the scaling.
    """
    if model.config.model_type == "umt5":
        tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
        model.config.tie_word_embeddings = tied
