"""Masked language modelling: texts, cut where they are longer than the model reads, with tokens to guess.

In each sequence a fixed share of the tokens (at least one) is sampled again at every step; of these 80% are
masked, 10% replaced by random tokens, 10% kept (Devlin et al. 2019, 3.1; dynamic masking as in RoBERTa).
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from harness.errors import UserError
from harness.kinds.collator import Arrays, Collator, Draw, Rows
from harness.kinds.encoded import CHUNK, Encoded, Frame, common_facts, segment_columns
from harness.kinds.masked_lm.task import MaskedLMTask
from harness.kinds.model import EncoderModel, Head, no_settings, token_loss_sum
from harness.kinds.token_rows import IGNORED_LABEL, TokenizedRows

if TYPE_CHECKING:
    from datasets import Dataset

_MASKED, _RANDOM = 0.8, 0.9
"""Below the first a drawn token is masked, below the second replaced."""


class NoMaskTokenError(UserError):
    """The tokenizer has no mask token."""


class MaskedTokens(Collator):
    """Batches of texts with tokens to guess."""

    def __init__(self, tokens: TokenizedRows, mask_probability: float) -> None:
        super().__init__(tokens)
        facts = tokens.facts
        self._words = tokens.lengths - facts["before"] - facts["after"]
        # Made once: to make one takes ten times as long as to seed it, and the draws are the same.
        self._random = np.random.RandomState(0)
        self._drawn = np.maximum(1, np.rint(self._words * mask_probability)).astype(np.int64)

    def loss_denominator(self, rows: Rows) -> int:
        """Return the number of tokens to guess."""
        return int(self._drawn[rows].sum())

    def arrays(self, rows: Rows, draw: Draw) -> Arrays:
        """Return the inputs and labels, `[rows, width]` each; labels are -100 but where a token is drawn."""
        arrays = self.tokens.padded(rows)
        ids = arrays["input_ids"]
        labels = np.full(ids.shape, IGNORED_LABEL, np.int64)
        facts = self.tokens.facts
        for line, row in enumerate(rows):
            # Row by row, so that the drawing does not depend on how rows are sharded to processes.
            random = self._random
            random.seed([draw.seed, draw.step, row])
            at = facts["before"] + random.permutation(self._words[row])[: self._drawn[row]]
            fate = random.random_sample(len(at))
            others = random.randint(0, facts["vocabulary"], len(at))
            labels[line, at] = ids[line, at]
            replaced = np.where(fate < _MASKED, facts["mask_id"], others)
            ids[line, at] = np.where(fate < _RANDOM, replaced, ids[line, at])
        return arrays | {"labels": labels}


class MaskedLMModel(EncoderModel[MaskedLMTask]):
    """A score for each token of the vocabulary."""

    head = Head("AutoModelForMaskedLM", "language_model", no_settings, token_loss_sum)

    def features(
        self,
        task: MaskedLMTask,
        dataset: "Dataset",
        tokenizer: Any,
        max_length: int,
        *,
        predicting: bool = False,
    ) -> pa.Table:
        """Return one entry for each text or piece of one: input_ids and example.

        Raises:
            NoMaskTokenError: the tokenizer has no mask token.
        """
        if tokenizer.mask_token_id is None:
            raise NoMaskTokenError(
                "the model's tokenizer has no mask token, so masked_lm cannot train it; choose another model"
            )
        frame = Frame.of(tokenizer)
        facts = {
            "mask_id": tokenizer.mask_token_id,
            "vocabulary": len(tokenizer),
            "before": len(frame.before),
            "after": len(frame.after),
        }
        encoded = Encoded(common_facts(tokenizer, max_length) | facts, {"example": pa.int64()})
        room = max_length - frame.size
        for start in range(0, len(dataset), CHUNK):
            texts = dataset[start : start + CHUNK]["text_a"]
            found = tokenizer(texts, add_special_tokens=False, return_attention_mask=False)["input_ids"]
            pieces = [
                (row, ids[at : at + room])
                for row, ids in enumerate(found, start)
                for at in range(0, len(ids), room)
            ]
            ids = [frame.around(piece) for _, piece in pieces]
            encoded.add(input_ids=ids, example=[row for row, _ in pieces])
            if "token_type_ids" in segment_columns(tokenizer):
                encoded.add(token_type_ids=[[0] * len(sequence) for sequence in ids])
        return encoded.table()

    def collator(self, task: MaskedLMTask, tokens: TokenizedRows) -> Collator:
        """Return batches of texts with tokens to guess."""
        return MaskedTokens(tokens, task.mask_probability)

    def outputs(self, task: MaskedLMTask, output: Any, labels: Tensor, rows: int) -> Iterator[Any]:
        """Yield the loss, the tokens that were guessed, and the tokens to guess."""
        for row in range(rows):
            counted = labels[row] != IGNORED_LABEL
            logits, wanted = output.logits[row][counted].float(), labels[row][counted]
            loss = torch.nn.functional.cross_entropy(logits, wanted, reduction="sum")
            yield float(loss), int((logits.argmax(-1) == wanted).sum()), len(wanted)

    def predictions(
        self, task: MaskedLMTask, dataset: "Dataset", collator: Collator, kept: Sequence[Any]
    ) -> list[Any]:
        """Return the sums over each text's pieces."""
        sums: list[dict[str, Any]] = [{"loss": 0.0, "right": 0, "tokens": 0} for _ in range(len(dataset))]
        for example, piece in zip(collator.examples.tolist(), kept, strict=True):
            for name, value in zip(("loss", "right", "tokens"), piece, strict=True):
                sums[example][name] += value
        return sums


MODEL = MaskedLMModel()
