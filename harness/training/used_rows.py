"""Word embeddings of which only the rows that a stage's inputs name are trained.

A multilingual vocabulary has 250,000 rows, and a stage's English inputs name a few thousand of them. A row
that no input names has a gradient of zero in every step, hence moments of zero, and AdamW (Loshchilov &
Hutter 2019, algorithm 2, https://arxiv.org/abs/1711.05101) then only multiplies it by 1 - rate · decay. So
the optimizer need not see it: the result is the same, at a fraction of its memory and time. What decay makes
of such rows is read off one more row, of ones, which no input names either.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn


class UsedRows(nn.Module):
    """Stands in for a model's word embeddings while a stage is trained.

    Attributes:
        weight: `[used rows + 1, width]` the rows that are trained, and one of ones.
        places: `[vocabulary]` the row of `weight` that a token id has, -1 where it is not trained.
    """

    places: Tensor

    def __init__(self, embedding: nn.Embedding, used: Tensor) -> None:
        """Take some rows out of an embedding.

        Args:
            embedding: The model's own, on the CPU.
            used: `[used rows]` the ids to train, ascending, int64.
        """
        super().__init__()
        self._used = used
        # Not a buffer: it stays where it is, in a mapped file as a rule, and in fp32.
        self._whole = embedding.weight.detach()
        ones = torch.ones(1, embedding.embedding_dim)
        self._decay = ones[0]
        self.weight = nn.Parameter(torch.cat([self._whole[used], ones]))
        places = torch.full((embedding.num_embeddings,), -1)
        places[used] = torch.arange(len(used))
        self.register_buffer("places", places, persistent=False)
        padding = embedding.padding_idx
        place = -1 if padding is None else int(places[padding])
        self._padding = place if place >= 0 else None
        self.train(embedding.training)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the rows of token ids, `[*ids.shape, width]`; while training they must be trained ones."""
        places = self.places[ids]
        if self.training:
            return nn.functional.embedding(places, self.weight, self._padding)
        rows = nn.functional.embedding(places.clamp(min=0), self.weight)
        others = places < 0
        if others.any():
            rows[others] = (self._whole[ids[others].cpu()] * self._decay).to(rows)
        return rows

    def take_decay(self, trained: Tensor) -> None:
        """Let a forward pass see the rows that are not trained as the steps so far leave them.

        Args:
            trained: `[used rows + 1, width]` fp32 weights.
        """
        self._decay = trained[-1].cpu()

    def merged(self, trained: Tensor) -> Tensor:
        """Return the whole embedding as the steps so far leave it.

        Args:
            trained: `[used rows + 1, width]` fp32 weights.
        """
        merged = self._whole * trained[-1]
        merged[self._used] = trained[:-1]
        return merged


def train_used_rows(model: Any, used: npt.NDArray[np.int64]) -> None:
    """Let a model train only some rows of its word embeddings, where the others have no gradient anyway.

    Nothing is changed where the embeddings are frozen, are the output layer too, or are not plain ones.

    Args:
        model: A Hugging Face encoder with a head, on the CPU.
        used: Token ids that inputs may hold, ascending.
    """
    embedding = model.get_input_embeddings()
    if type(embedding) is not nn.Embedding or not embedding.weight.requires_grad:
        return
    if embedding.max_norm is not None or embedding.scale_grad_by_freq or embedding.sparse:
        return
    every = model.named_parameters(remove_duplicate=False)
    if sum(1 for _, parameter in every if parameter is embedding.weight) > 1:
        return
    model.set_input_embeddings(UsedRows(embedding, torch.from_numpy(used)))


def used_rows(module: Any) -> dict[str, UsedRows]:
    """Return the word embeddings of which rows are trained, by the names of these parameters."""
    children = module.named_modules()
    return {f"{name}.weight": child for name, child in children if isinstance(child, UsedRows)}


def merged_rows(module: Any, weights: Iterable[tuple[str, Tensor]]) -> Iterable[tuple[str, Tensor]]:
    """Yield trained weights by name, with whole word embeddings where only rows of them were trained."""
    partial = used_rows(module)
    for name, tensor in weights:
        yield name, partial[name].merged(tensor) if name in partial else tensor
