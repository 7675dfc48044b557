"""F1 of chunks of plain tags, by which XTREME scores parts of speech."""

from collections.abc import Sequence

from harness.metrics.set_f1 import SetF1
from harness.metrics.span_f1 import Span


def tag_chunks(tags: Sequence[str]) -> set[Span]:
    """Return the chunks that seqeval 0.0.12, XTREME's release, finds in a sentence's plain tags.

    Neighbours with one tag are one chunk. seqeval takes a tag's first letter for its mark, so that tags in S
    (SCONJ, SYM) or B always stand alone. https://github.com/chakki-works/seqeval/blob/v0.0.12/seqeval/metrics
    /sequence_labeling.py; releases from 0.0.19 count otherwise.
    """
    chunks: set[Span] = set()
    before, start = "O", 0
    for at, tag in enumerate([*tags, "O"]):
        marks, other = (before[0], tag[0]), tag != before
        if marks[0] in "ES" or (marks[0] in "BI" and marks[1] in "BSO") or (marks[0] not in "O." and other):
            chunks.add((before, start, at))
        if marks[1] in "BS" or (marks[0] in "ESO" and marks[1] in "EI") or (marks[1] not in "O." and other):
            start = at
        before = tag
    return chunks


class TagChunkF1(SetF1):
    """Micro-averaged F1, 0 to 1, of the chunks of all sentences: XTREME's number for UD POS.

    Predictions and references are the tags of each sentence's words.
    """

    name = "tag_chunk_f1"

    def members(self, answer: Sequence[str]) -> set[Span]:
        """Return a sentence's chunks."""
        return tag_chunks(answer)


METRIC = TagChunkF1()
