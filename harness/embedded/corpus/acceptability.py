"""Acceptable English sentences and broken ones.

As in CoLA (Warstadt et al. 2019, https://aclanthology.org/Q19-1040).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from harness.embedded.corpus.drawing import Draw, split_of
from harness.embedded.corpus.languages import GRAMMARS
from harness.embedded.corpus.meaning import (
    ANIMALS,
    ANTONYM,
    COMPARABLE,
    GIFTS,
    PERSONS,
    QUALITIES,
    THING_VERBS,
    Being,
    Clause,
    Comparing,
    Degree,
    Doing,
    Giving,
    Quality,
    Quantity,
    activities_of,
    places_of,
    qualities_of,
)
from harness.embedded.corpus.paraphrase import comparable_two

LABELS = ("unacceptable", "acceptable")
Fault = Callable[[Draw, str], str]
QUANTITIES: tuple[Quantity, ...] = ("all", "some")
DEGREES: tuple[Degree, ...] = ("plain", "not")


def judged(draw: Draw, label: str) -> tuple[str]:
    """A sentence that is acceptable, or one broken in a single way.

    The sentence that was broken belongs to the same split as the result.
    """
    while True:
        sentence = GRAMMARS["en"].sentence(_some_clause(draw))
        if label == "acceptable":
            return (sentence,)
        broken = draw.one(FAULTS)(draw, sentence)
        if broken != sentence and split_of(broken) == split_of(sentence):
            return (broken,)


def _some_clause(draw: Draw) -> Clause:
    noun = draw.one((*PERSONS, *ANIMALS))
    verb = draw.one(tuple(THING_VERBS))
    quality = draw.one(tuple(COMPARABLE))
    one, other = comparable_two(draw, quality)
    giver, receiver = draw.two(PERSONS)
    thing = draw.one(tuple(QUALITIES))
    gift_verb = draw.one(tuple(GIFTS))
    place, activity = draw.one(places_of(noun)), draw.one(activities_of(noun))
    passive, negated = draw.chance(0.5), draw.chance(0.4)
    clauses: tuple[Clause, ...] = (
        Being(noun, activity, place),
        Being(noun, activity, place, quantity=draw.one(QUANTITIES)),
        Doing(giver, verb, draw.one(THING_VERBS[verb]), definite=True, negated=negated, passive=passive),
        Quality(thing, draw.one(qualities_of(thing)), draw.one(DEGREES)),
        Comparing(one, draw.one((quality, ANTONYM[quality])), other),
        Giving(gift_verb, giver, receiver, draw.one(GIFTS[gift_verb]), passive, negated),
    )
    return draw.one(clauses)


def _wrong_number(draw: Draw, sentence: str) -> str:
    """Singular for plural in the auxiliary."""
    other = {"is": "are", "are": "is", "was": "were"}
    return re.sub(r"\b(is|are|was)\b", lambda found: other[found[1]], sentence, count=1)


def _wrong_form(draw: Draw, sentence: str) -> str:
    """A finite verb after "did not", a bare one after "is"."""
    changed = re.sub(r"did not (\w+?)e?\b", r"did not \1ing", sentence, count=1)
    return changed if changed != sentence else re.sub(r"\b(is|are) (\w+)ing\b", r"\1 \2ed", sentence, count=1)


def _missing_article(draw: Draw, sentence: str) -> str:
    """No article before the last noun that has one."""
    return re.sub(r"^(.+) (?:the|an?) (\w+\.|\w+ (?:to|from|by) )", r"\1 \2", sentence, count=1)


def _article_after(draw: Draw, sentence: str) -> str:
    """The article behind its noun."""
    return re.sub(r"^The (\w+) ", lambda found: f"{found[1].capitalize()} the ", sentence, count=1)


def _verb_last(draw: Draw, sentence: str) -> str:
    """The first verb at the end."""
    found = re.search(r" (is|are|was|did not|gave|sold|bought|received) ", sentence)
    if found is None:
        return sentence
    return f"{sentence[: found.start()]} {sentence[found.end() : -1]} {found[1]}."


def _double_comparative(draw: Draw, sentence: str) -> str:
    """More before a comparative; or the comparative without "than"."""
    if draw.chance(0.5):
        return sentence.replace(" than the ", " the ")
    return re.sub(r" (\w+er) than ", r" more \1 than ", sentence, count=1)


def _missing_preposition(draw: Draw, sentence: str) -> str:
    """No preposition before the agent, the receiver's source or the place."""
    return re.sub(r" (by|from|in|on|at) the ", " the ", sentence, count=1)


FAULTS: tuple[Fault, ...] = (
    _wrong_number,
    _wrong_form,
    _missing_article,
    _article_after,
    _verb_last,
    _double_comparative,
    _missing_preposition,
)
