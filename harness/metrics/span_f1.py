"""F1 of tagged spans, as conlleval and seqeval count them (Tjong Kim Sang & De Meulder 2003)."""

from collections.abc import Sequence

from harness.metrics.set_f1 import SetF1

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


class SpanF1(SetF1):
    """Micro-averaged F1, 0 to 1, of the spans of all sentences; 0 where there is none.

    Predictions and references are the BIO tags of each sentence's words.
    """

    name = "span_f1"

    def members(self, answer: Sequence[str]) -> set[Span]:
        """Return a sentence's spans."""
        return tagged_spans(answer)


METRIC = SpanF1()
