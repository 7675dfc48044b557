"""The half of every kind that text-to-text models are trained by: one input and one answer for each row.

What the texts are says the kind's text form (harness.kinds.text_form).
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from harness.errors import UserError
from harness.kinds.collator import Arrays, Collator, Draw, Rows
from harness.kinds.encoded import CHUNK, Encoded, common_facts
from harness.kinds.model import Forward, Head, KindModel, Predictor, Session, no_settings, token_loss_sum
from harness.kinds.registry import kind_of, text_form
from harness.kinds.task import Task
from harness.kinds.text_form import TextForm
from harness.kinds.text_inputs import input_ids, target_ids
from harness.kinds.token_rows import IGNORED_LABEL, TokenizedRows
from harness.message_text import in_short
from harness.metrics.base import Metric

if TYPE_CHECKING:
    from datasets import Dataset

LONGEST_TARGET = 256
"""Tokens after which an answer is cut in training."""


class IndistinctLabelsError(UserError):
    """The tokenizer makes the same tokens of two labels."""


def model_for(task: Task, *, text_to_text: bool = False) -> KindModel[Any]:
    """Return what trains a task and predicts: its kind's half for encoders, or that of its text form.

    Raises:
        UnsuitedKindError: a text-to-text model cannot be trained on the task.
    """
    return TextToTextModel(text_form(task)) if text_to_text else kind_of(task).model


class Targets(Collator):
    """Batches of inputs and of the answers to them."""

    def __init__(self, tokens: TokenizedRows) -> None:
        super().__init__(tokens)
        target = tokens.targets["target"]
        assert target.starts is not None
        self._answers, self._starts = target.values, target.starts

    def loss_denominator(self, rows: Rows) -> int:
        """Return the number of the answers' tokens."""
        return int((self._starts[rows + 1] - self._starts[rows]).sum())

    def arrays(self, rows: Rows, draw: Draw) -> Arrays:
        """Return the inputs `[rows, width]`; decoder_input_ids and labels are `[rows, longest answer]`.

        The decoder begins with the padding token (Raffel et al. 2020) and sees the answer up to each token.
        """
        lengths = self._starts[rows + 1] - self._starts[rows]
        filled = np.arange(int(lengths.max())) < lengths[:, None]
        labels = np.full(filled.shape, IGNORED_LABEL, np.int64)
        labels[filled] = np.concatenate(
            [self._answers[self._starts[row] : self._starts[row + 1]] for row in rows]
        )
        seen = np.full(filled.shape, self.tokens.pad_id, np.int64)
        seen[:, 1:] = np.where(filled, labels, self.tokens.pad_id)[:, :-1]
        return self.tokens.padded(rows) | {"decoder_input_ids": seen, "labels": labels}


class TextToTextModel(KindModel[Task]):
    """No head at all: the words of the answer are scored one by one.

    Labels are chosen by likelihood; other answers are written greedily, as many tokens as the form allows.
    """

    head = Head("AutoModelForSeq2SeqLM", "text_to_text", no_settings, token_loss_sum)

    def __init__(self, form: TextForm[Any]) -> None:
        self._form = form

    def features(
        self, task: Task, dataset: "Dataset", tokenizer: Any, max_length: int, *, predicting: bool = False
    ) -> pa.Table:
        """Return input_ids and target of each row.

        Raises:
            IndistinctLabelsError: the tokenizer makes the same tokens of two labels.
        """
        if words := self._form.choices(dataset):
            label_targets(tokenizer, words)
        encoded = Encoded(common_facts(tokenizer, max_length), {"target": pa.list_(pa.int32())})
        for start in range(0, len(dataset), CHUNK):
            part = dataset[start : start + CHUNK]
            marks, texts = self._form.inputs(part)
            encoded.add(
                input_ids=input_ids(tokenizer, marks, texts, max_length),
                target=target_ids(tokenizer, self._form.targets(part), LONGEST_TARGET),
            )
        return encoded.table()

    def collator(self, task: Task, tokens: TokenizedRows) -> Collator:
        """Return batches of inputs and answers."""
        return Targets(tokens)

    def predictor(self, task: Task, dataset: "Dataset", tokens: TokenizedRows, session: Session) -> Predictor:
        """Return what answers each row."""
        words, tokenizer = self._form.choices(dataset), session.tokenizer
        targets = label_targets(tokenizer, words) if words else []

        def answer(inputs: dict[str, Tensor], labels: Tensor, rows: int) -> Iterator[str]:
            if words:
                chosen = _likelihoods(session.forward, inputs, targets).argmax(dim=1)
                yield from (words[label] for label in chosen[:rows].tolist())
            else:
                ends = tokens.pad_id, tokenizer.eos_token_id
                written = _written(session, inputs, ends, self._form.longest_answer)
                yield from tokenizer.batch_decode(written, skip_special_tokens=True)[:rows]

        return answer

    def likelihoods(
        self, task: Task, dataset: "Dataset", tokens: TokenizedRows, session: Session
    ) -> Predictor:
        """Return log P(words of the choice, end of sequence | input), not normalized over the choices."""
        targets = label_targets(session.tokenizer, self._form.choices(dataset))

        def score(inputs: dict[str, Tensor], labels: Tensor, rows: int) -> Iterator[Any]:
            yield from _likelihoods(session.forward, inputs, targets)[:rows].cpu().numpy()

        return score

    def predictions(
        self, task: Task, dataset: "Dataset", collator: Collator, kept: Sequence[Any]
    ) -> list[Any]:
        """Return what the answers predict."""
        return [self._form.prediction(answer) for answer in kept]

    def metrics(self, task: Task) -> tuple[Metric, ...]:
        """Return what judges the text form's predictions."""
        return self._form.metrics()

    def references(self, task: Task, dataset: "Dataset") -> list[Any]:
        """Return the expected answers in the text form."""
        return self._form.references(dataset)


def label_targets(tokenizer: Any, words: Sequence[str]) -> list[list[int]]:
    """Return the token ids of each label, with the end of the sequence.

    Raises:
        IndistinctLabelsError: two labels have the same.
    """
    found = target_ids(tokenizer, words, LONGEST_TARGET)
    for at, ids in enumerate(found):
        if ids in found[:at]:
            raise IndistinctLabelsError(
                f"the model's tokenizer makes the same tokens of the labels "
                f"{in_short(words[found.index(ids)])} and {in_short(words[at])}, so that neither can be "
                "told from the other; rename one in the task file, "
                "or choose a model whose vocabulary holds them"
            )
    return found


def _likelihoods(forward: Forward, inputs: dict[str, Tensor], targets: Sequence[Sequence[int]]) -> Tensor:
    """`[rows, targets]` log-likelihood of each target, fp32."""
    rows = len(inputs["input_ids"])
    scores = []
    encoded: dict[str, Any] = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    for ids in targets:
        wanted = inputs["input_ids"].new_tensor(ids).expand(rows, -1)
        seen = torch.cat([inputs["decoder_input_ids"][:, :1], wanted[:, :-1]], dim=1)
        output = forward({**encoded, "decoder_input_ids": seen})
        # The same for every label: encoded once.
        encoded = {
            "attention_mask": inputs["attention_mask"],
            "encoder_outputs": (output.encoder_last_hidden_state,),
        }
        logits = output.logits.float()
        # No copy of the scores of a whole vocabulary.
        scores.append((logits.gather(2, wanted[..., None]).squeeze(2) - logits.logsumexp(dim=2)).sum(dim=1))
    return torch.stack(scores, dim=1)


def _written(
    session: Session, inputs: dict[str, Tensor], ends: tuple[int, int], longest: int
) -> list[list[int]]:
    """Return the token ids that the model writes, each the likeliest after those before it.

    Args:
        session: The model.
        inputs: A batch.
        ends: The token ids that fill up and that end a sequence.
        longest: How many are written at most.
    """
    pad_id, end_id = ends
    seen = inputs["decoder_input_ids"][:, :1]
    ended = torch.zeros(len(seen), dtype=torch.bool, device=seen.device)
    encoded: dict[str, Any] = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    for _ in range(longest):
        output = session.forward({**encoded, "decoder_input_ids": seen})
        encoded = {
            "attention_mask": inputs["attention_mask"],
            "encoder_outputs": (output.encoder_last_hidden_state,),
        }
        likeliest = output.logits[:, -1].argmax(-1).masked_fill(ended, pad_id)
        seen = torch.cat([seen, likeliest[:, None]], dim=1)
        ended |= likeliest == end_id
        if session.all_agree(bool(ended.all())):
            break
    written: list[list[int]] = seen[:, 1:].tolist()
    return written
