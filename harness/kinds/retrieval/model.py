"""Retrieval: a vector for each sentence, from a layer of the encoder, and the neighbors that they have."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from torch import Tensor

from harness.errors import RunError
from harness.kinds.collator import Arrays, Collator, Draw, Rows
from harness.kinds.encoded import CHUNK, Encoded, common_facts, segment_columns
from harness.kinds.model import EncoderModel, Head, Predictor, Session, no_settings
from harness.kinds.retrieval.neighbors import Pairs, best_threshold, mined, nearest, normalized
from harness.kinds.retrieval.task import RetrievalTask
from harness.kinds.token_rows import IGNORED_LABEL, TokenizedRows

if TYPE_CHECKING:
    from datasets import Dataset


class NothingToTrainError(RunError):
    """A stage was to be trained on a task that has no training."""


def _no_loss(output: Any, labels: Tensor, mask: Tensor) -> Tensor:
    raise NothingToTrainError("retrieval is not trained; no plan has a stage of it")


class Sentences(Collator):
    """Batches of sentences; there is nothing to find in them."""

    def arrays(self, rows: Rows, draw: Draw) -> Arrays:
        """Return the inputs `[rows, width]` and labels `[rows]` that count nothing."""
        return self.tokens.padded(rows) | {"labels": np.full(len(rows), IGNORED_LABEL, np.int64)}


class RetrievalModel(EncoderModel[RetrievalTask]):
    """No head: the mean over a sentence's tokens, special ones too as in XTREME, after one of the layers."""

    head = Head("AutoModel", "encoder", no_settings, _no_loss)

    def features(
        self,
        task: RetrievalTask,
        dataset: "Dataset",
        tokenizer: Any,
        max_length: int,
        *,
        predicting: bool = False,
    ) -> pa.Table:
        """Return input_ids of each sentence: of nearest each row's query and then its candidate."""
        columns = segment_columns(tokenizer)
        encoded = Encoded(common_facts(tokenizer, max_length), {"example": pa.int64()})
        for start in range(0, len(dataset), CHUNK):
            part = dataset[start : start + CHUNK]
            texts = part["text_a"]
            rows = list(range(start, start + len(texts)))
            if task.search == "nearest":
                texts = [text for pair in zip(texts, part["text_b"], strict=True) for text in pair]
                rows = [row for row in rows for _ in range(2)]
            found = tokenizer(texts, truncation=True, max_length=max_length, return_attention_mask=False)
            encoded.add(**{name: found[name] for name in columns}, example=rows)
        return encoded.table()

    def collator(self, task: RetrievalTask, tokens: TokenizedRows) -> Collator:
        """Return batches of sentences."""
        return Sentences(tokens)

    def predictor(
        self, task: RetrievalTask, dataset: "Dataset", tokens: TokenizedRows, session: Session
    ) -> Predictor:
        """Return a forward pass that also gives what the layers hand on."""

        def vectors(inputs: dict[str, Tensor], labels: Tensor, rows: int) -> Iterator[Any]:
            states = session.forward({**inputs, "output_hidden_states": True}).hidden_states
            hidden = states[task.layer(len(states) - 1)][:rows].float()
            if task.pooling == "first":
                yield from hidden[:, 0].cpu().numpy()
            else:
                mask = inputs["attention_mask"][:rows, :, None].float()
                yield from ((hidden * mask).sum(dim=1) / mask.sum(dim=1)).cpu().numpy()

        return vectors

    def outputs(self, task: RetrievalTask, output: Any, labels: Tensor, rows: int) -> Iterator[Any]:
        """Yield the last layer's vectors of the first tokens."""
        yield from output.last_hidden_state[:rows, 0].float().cpu().numpy()

    def predictions(
        self, task: RetrievalTask, dataset: "Dataset", collator: Collator, kept: Sequence[Any]
    ) -> list[Any]:
        """Return what each row finds: a row's number, or ids of sentences; of English ones nothing."""
        vectors = normalized(np.stack(kept))
        if task.search == "nearest":
            _, found = nearest(vectors[::2], vectors[1::2], 1)
            return [int(row) for row in found[:, 0]]
        assert task.threshold is not None, "found on validation rows before"
        taken = {
            first: second
            for (first, second), margin in _mined(task, dataset, vectors).items()
            if margin >= task.threshold
        }
        return [[taken[name]] if name in taken else [] for name in dataset["id"][:]]

    def tuned(
        self, task: RetrievalTask, dataset: "Dataset", collator: Collator, kept: Sequence[Any]
    ) -> RetrievalTask:
        """Return the task with the threshold that is best on these rows."""
        gold = {
            (name, other)
            for name, found in zip(dataset["id"][:], dataset["translations"][:], strict=True)
            for other in found or ()
        }
        pairs = _mined(task, dataset, normalized(np.stack(kept)))
        return task.model_copy(update={"threshold": best_threshold(pairs, gold)})


def _mined(task: RetrievalTask, dataset: "Dataset", vectors: Any) -> Pairs:
    """Return the pairs of two lists of sentences.

    As in XTREME, sentences that read alike are one, and those that stand in a list twice are in no pair.
    """
    texts, names = dataset["text_a"][:], dataset["id"][:]
    english = [due is None for due in dataset["translations"][:]]
    sides, ids, repeated = [], [], set[str]()
    for side in (False, True):
        rows = [row for row, own in enumerate(english) if own == side]
        times = Counter(texts[row].strip() for row in rows)
        # The last of those that read alike, as XTREME's script keeps it.
        distinct = {texts[row]: row for row in rows}
        sides.append(vectors[list(distinct.values())])
        ids.append([names[row] for row in distinct.values()])
        repeated |= {names[row] for row in rows if times[texts[row].strip()] > 1}
    pairs = mined((sides[0], sides[1]), (ids[0], ids[1]), task.neighbors)
    return {pair: margin for pair, margin in pairs.items() if not repeated.intersection(pair)}


MODEL = RetrievalModel()
