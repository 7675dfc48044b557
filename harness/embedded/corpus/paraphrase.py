"""The paraphrase items of the corpus, as clauses: nearly the same words on both sides, in another order.

As in PAWS (Zhang et al. 2019, https://aclanthology.org/N19-1131), overlap of words says little about the
label: every way to reword a sentence occurs with exchanged roles too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.embedded.corpus.drawing import Draw
from harness.embedded.corpus.meaning import (
    ANIMALS,
    ANTONYM,
    COMPARABLE,
    GIFTS,
    PERSON_VERBS,
    PERSONS,
    THING_VERBS,
    Being,
    Both,
    Clause,
    Comparing,
    Doing,
    Giving,
    activities_of,
    kind_of,
    places_of,
)

LABELS = ("different", "paraphrase")
Family = Callable[[Draw, str], tuple[Clause, Clause]]


def roles(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """Who did it to whom, in the active or the passive on either side."""
    agent, patient = draw.two(PERSONS)
    first = Doing(agent, draw.one(PERSON_VERBS), patient, definite=True, passive=draw.chance(0.5))
    if label == "paraphrase":
        return first, replace(first, passive=not first.passive)
    exchanged = replace(first, agent=patient, object=agent)
    return first, draw.one((exchanged, replace(exchanged, passive=not first.passive)))


def deeds(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """A deed told from the doer's or the thing's side; another doer, deed or a denial makes it different."""
    verb = draw.one(tuple(THING_VERBS))
    first = Doing(draw.one(PERSONS), verb, draw.one(THING_VERBS[verb]), definite=True)
    first = replace(first, negated=draw.chance(0.3), passive=draw.chance(0.5))
    second = replace(first, passive=not first.passive)
    if label == "paraphrase":
        return first, second
    verbs = [other for other in THING_VERBS if other != verb and first.object in THING_VERBS[other]]
    agents = [person for person in PERSONS if person != first.agent]
    changes = [replace(second, agent=draw.one(agents)), replace(second, negated=not first.negated)]
    changes += [replace(second, verb=draw.one(verbs))] if verbs else []
    return first, draw.one(changes)


def transfers(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """A gift or a sale told from either side; exchanged sides make it different."""
    verb = draw.one(tuple(GIFTS))
    giver, receiver = draw.two(PERSONS)
    first = Giving(verb, giver, receiver, draw.one(GIFTS[verb]), draw.chance(0.5))
    second = replace(first, converse=not first.converse)
    if label == "paraphrase":
        return first, second
    exchanged = replace(second, giver=receiver, receiver=giver)
    return first, draw.one((exchanged, replace(exchanged, converse=first.converse)))


def comparisons(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """Bigger against smaller: exchanging sides or adjective changes the meaning, exchanging both keeps it."""
    quality = draw.one(tuple(COMPARABLE))
    noun, other = comparable_two(draw, quality)
    adjective = draw.one((quality, ANTONYM[quality]))
    first = Comparing(noun, adjective, other)
    converse = Comparing(other, ANTONYM[adjective], noun)
    if label == "paraphrase":
        return first, converse
    return first, draw.one(
        (replace(converse, adjective=adjective), replace(first, adjective=ANTONYM[adjective]))
    )


def comparable_two(draw: Draw, quality: str) -> tuple[str, str]:
    """Two nouns that can be compared in a quality, both persons, both animals or both things."""
    noun = draw.one(COMPARABLE[quality])
    alike = [other for other in COMPARABLE[quality] if other != noun and _sort(other) == _sort(noun)]
    return noun, draw.one(alike)


def _sort(noun: str) -> str:
    return kind_of(noun) if kind_of(noun) in ("person", "animal") else "thing"


def pairs(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """Two statements in either order; exchanged places or activities make it different."""
    group = draw.one((PERSONS, ANIMALS))
    who, other = draw.two(group)
    if draw.chance(0.5):
        here, there = draw.two(places_of(who))
        left, right = Being(who, None, here), Being(other, None, there)
        crossed = Being(who, None, there), Being(other, None, here)
    else:
        this, that = draw.two(activities_of(who))
        left, right = Being(who, this), Being(other, that)
        crossed = Being(who, that), Being(other, this)
    if label == "paraphrase":
        return Both(left, right), Both(right, left)
    return Both(left, right), Both(*draw.shuffled(crossed))


FAMILIES: dict[str, Family] = {
    "roles": roles,
    "deeds": deeds,
    "transfers": transfers,
    "comparisons": comparisons,
    "pairs": pairs,
}
