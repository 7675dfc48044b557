"""F1 of tagged spans, as conlleval and seqeval count them (Tjong Kim Sang & De Meulder 2003)."""

from collections.abc import Sequence

from harness.metrics.base import ItemScore, Metric, f1_share

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


class SpanF1(Metric):
    """Micro-averaged F1, 0 to 1, of the spans of all sentences; 0 where there is none.

    Predictions and references are the BIO tags of each sentence's words. A ratio of sums: of each sentence
    twice the spans that are right, over those predicted and those due.
    """

    name = "span_f1"
    title = "F1"
    lm_eval = "f1"
    aggregate = "ratio"

    def item_scores(
        self, predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
    ) -> list[ItemScore]:
        """Return each sentence's share."""
        scores = []
        for guess, due in zip(predictions, references, strict=True):
            given, wanted = tagged_spans(guess), tagged_spans(due)
            scores.append(f1_share(len(wanted & given), len(given), len(wanted)))
        return scores


METRIC = SpanF1()
