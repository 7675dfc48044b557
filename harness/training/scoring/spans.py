"""F1 of tagged spans, as conlleval and seqeval count them (Tjong Kim Sang & De Meulder 2003)."""

from collections.abc import Sequence

Span = tuple[str, int, int]
"""Kind, first word, the word after the last."""


def tagged_spans(tags: Sequence[str]) -> set[Span]:
    """Return the spans of a sentence tagged in BIO; an I- that continues nothing begins a span."""
    spans: set[Span] = set()
    kind, start = "", 0
    for at, tag in enumerate([*tags, "O"]):
        mark, _, name = tag.partition("-")
        if kind and (mark != "I" or name != kind):
            spans.add((kind, start, at))
            kind = ""
        if mark in ("B", "I") and not kind:
            kind, start = name, at
    return spans


def span_f1(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """Return the micro-averaged F1, 0 to 1, of the spans of all sentences; 0 where neither has one."""
    right = found = due = 0
    for true, guess in zip(gold, predicted, strict=True):
        wanted, given = tagged_spans(true), tagged_spans(guess)
        right += len(wanted & given)
        found += len(given)
        due += len(wanted)
    return 2 * right / (found + due) if found + due else 0.0
