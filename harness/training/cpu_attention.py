"""Attention whose backward pass a CPU does quickly.

torch's fused attention needs four times as long backwards on a CPU as three plain matrix products, for the
lengths of sentences: with it a step of a small encoder takes a third longer. With dropout torch falls back to
the plain products anyway, and draws the mask slowly.
"""

from typing import Any

import torch
from torch import Tensor, nn

from harness.training.cpu_dropout import dropout as drop

CPU_ATTENTION = "xstilts_cpu"
"""The name by which transformers knows this attention."""


def cpu_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Tensor, Tensor]:
    """Scaled dot-product attention, Vaswani et al. 2017, equation 1, https://arxiv.org/abs/1706.03762.

    The signature is that of https://huggingface.co/docs/transformers/attention_interface.

    Args:
        module: The attention layer.
        query: `[batch, heads, length, width of a head]`, as are key and value.
        key: Keys.
        value: Values.
        attention_mask: Added to the scores: 0 where attention may go, a large negative number elsewhere.
        scaling: Factor of the scores; default: one over the root of the width of a head.
        dropout: Probability with which an attention weight is dropped, 0 outside training.

    Returns:
        `[batch, length, heads, width of a head]` and the attention weights.
    """
    scores = (query * (query.size(-1) ** -0.5 if scaling is None else scaling)) @ key.transpose(2, 3)
    if attention_mask is not None:
        scores = scores + attention_mask
    weights = scores.softmax(-1)
    if dropout:
        weights = drop(weights, dropout)
    return (weights @ value).transpose(1, 2).contiguous(), weights


def enable_cpu_attention(model: Any) -> None:
    """Give a model this attention, where the machine has no GPU and the model lets it be chosen."""
    if torch.cuda.is_available() or not model._supports_attention_backend:
        return
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, eager_mask

    AttentionInterface.register(CPU_ATTENTION, cpu_attention)
    AttentionMaskInterface.register(CPU_ATTENTION, eager_mask)
    model.set_attn_implementation(CPU_ATTENTION)
