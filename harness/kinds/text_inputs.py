"""What a text-to-text model reads and writes, as token ids."""

from collections.abc import Sequence
from typing import Any

from harness.kinds.text_form import Texts, joined


def input_ids(tokenizer: Any, marks: Texts, rows: Sequence[Texts], max_length: int) -> list[list[int]]:
    """Return the token ids of each row's texts, each text behind its mark, special tokens included.

    Of texts that are too long together the longest is cut first, as for encoders, so that none is lost.

    Args:
        tokenizer: The model's tokenizer.
        marks: What stands before each text.
        rows: The texts of each row, one for each mark.
        max_length: Longest input in tokens.
    """
    found = _ids(tokenizer, [joined(marks, texts) for texts in rows])
    return [
        ids if len(ids) <= max_length else _cut(tokenizer, marks, texts, len(ids), max_length)
        for texts, ids in zip(rows, found, strict=True)
    ]


def target_ids(tokenizer: Any, answers: Sequence[str], longest: int) -> list[list[int]]:
    """Return the token ids of each answer, which end with the end of the sequence; cut after `longest`."""
    end = tokenizer.eos_token_id
    found = tokenizer(list(answers), add_special_tokens=False, return_attention_mask=False)["input_ids"]
    return [[*ids[: longest - 1], end] for ids in found]


def _ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    # verbose: no warning of texts that are longer than the model's maximum; they are cut next.
    found: list[list[int]] = tokenizer(list(texts), return_attention_mask=False, verbose=False)["input_ids"]
    return found


def _cut(tokenizer: Any, marks: Texts, texts: Texts, length: int, max_length: int) -> list[int]:
    parts = tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False)
    counts = [len(ids) for ids in parts["input_ids"]]
    room = max_length - (length - sum(counts))
    while room > 0:
        shortened = tuple(
            text[: len(text) * kept // max(count, 1)]
            for text, count, kept in zip(texts, counts, _shares(counts, room), strict=True)
        )
        (ids,) = _ids(tokenizer, [joined(marks, shortened)])
        if len(ids) <= max_length:
            return ids
        room -= len(ids) - max_length
    # The marks alone fill the input.
    (ids,) = _ids(tokenizer, [joined(marks, texts)])
    return [*ids[: max_length - 1], ids[-1]]


def _shares(counts: Sequence[int], room: int) -> list[int]:
    """Return how many tokens of each text are kept when the longest is always cut first."""
    kept = list(counts)
    while (excess := sum(kept) - room) > 0:
        longest = max(kept)
        lower = max((count for count in kept if count < longest), default=0)
        those = [at for at, count in enumerate(kept) if count == longest]
        level = max(lower, longest - -(-excess // len(those)))
        for at in those:
            spared = min(longest - level, max(0, sum(kept) - room))
            kept[at] = longest - spared
    return kept
