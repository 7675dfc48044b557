"""The natural language inference items of the corpus, as clauses."""

from __future__ import annotations

from collections.abc import Callable

from harness.embedded.corpus.drawing import Draw
from harness.embedded.corpus.entailment_events import obtained, transfer, voice
from harness.embedded.corpus.entailment_quantities import counted, quantified
from harness.embedded.corpus.entailment_states import activity, attribute, presence, quality
from harness.embedded.corpus.meaning import Clause

LABELS = ("entailment", "neutral", "contradiction")
Family = Callable[[Draw, str], tuple[Clause, Clause]]
# Two sets: what a small encoder learns from some hundred English pairs and carries to other languages, so
# that a trial of a few minutes shows something, and what it needs thousands of pairs for.
FAMILIES: dict[str, Family] = {
    "quality": quality,
    "voice": voice,
    "transfer": transfer,
    "counted": counted,
}
HARDER_FAMILIES: dict[str, Family] = {
    "presence": presence,
    "activity": activity,
    "attribute": attribute,
    "obtained": obtained,
    "quantified": quantified,
}
