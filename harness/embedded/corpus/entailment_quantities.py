"""Premise and hypothesis about quantities: all, some, no; numbers; comparisons.

As in `entailment_states`, the hypothesis is drawn first and the premise is made to fit the label.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from typing import Literal

from harness.embedded.corpus.drawing import Draw
from harness.embedded.corpus.meaning import (
    ANIMALS,
    ANTONYM,
    COMPARABLE,
    PERSONS,
    Being,
    Clause,
    Comparing,
    Quantity,
    activities_of,
    kind_of,
    members_of,
    places_of,
)

Determiner = Literal["all", "some", "no"]
LABELS = ("entailment", "neutral", "contradiction")
DETERMINERS: tuple[Determiner, ...] = ("all", "some", "no")
LOWEST, HIGHEST = 2, 6


def quantified(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """All, some and no over a kind or one of its members, with and without a place."""
    member = draw.one((*PERSONS, *ANIMALS))
    kind = kind_of(member)
    activity, place = draw.one(activities_of(kind)), draw.one(places_of(kind))
    forms = [
        Being(noun, activity, where, quantity=determiner)
        for noun, where, determiner in product((member, kind), (place, None), DETERMINERS)
    ]
    premises = {form: _premises(form, forms) for form in forms}
    hypothesis = draw.one([form for form in forms if len(premises[form]) == len(LABELS)])
    return draw.one(premises[hypothesis][label]), hypothesis


def _premises(hypothesis: Being, forms: list[Being]) -> dict[str, list[Being]]:
    """Label → the other forms in that relation to the hypothesis; labels without any are left out."""
    found: dict[str, list[Being]] = {}
    for form in forms:
        if form != hypothesis:
            found.setdefault(relation(form, hypothesis), []).append(form)
    return found


def relation(premise: Being, hypothesis: Being) -> str:
    """The label of two sentences with all, some or no over one kind, activity and place, by models.

    A world has some members of the named group and some other individuals of the kind, each being active at
    the place, active elsewhere, or idle. Neither is ever empty, so that "all" implies "some".
    """
    return _verdict(_shape(premise), _shape(hypothesis))


# What decides the truth of a quantified sentence: its determiner, whether it speaks of the whole kind,
# whether it names the place.
_Shape = tuple[str, bool, bool]


def _shape(clause: Being) -> _Shape:
    return clause.quantity, bool(members_of(clause.noun)), clause.place is not None


@cache
def _verdict(premise: _Shape, hypothesis: _Shape) -> str:
    verdicts = {_holds(hypothesis, world) for world in _WORLDS if _holds(premise, world)}
    if verdicts == {True}:
        return "entailment"
    return "contradiction" if verdicts == {False} else "neutral"


_Individual = tuple[bool, str]
_STATES = ("here", "elsewhere", "idle")
_TYPES: tuple[_Individual, ...] = tuple(product((True, False), _STATES))
_WORLDS: tuple[frozenset[_Individual], ...] = tuple(
    world
    for world in (
        frozenset(individual for individual, present in zip(_TYPES, presence, strict=True) if present)
        for presence in product((False, True), repeat=len(_TYPES))
    )
    if {is_member for is_member, _ in world} == {True, False}
)


def _holds(shape: _Shape, world: frozenset[_Individual]) -> bool:
    determiner, whole_kind, names_place = shape
    active = ("here",) if names_place else ("here", "elsewhere")
    verdicts = [state in active for is_member, state in world if is_member or whole_kind]
    if determiner == "all":
        return all(verdicts)
    return any(verdicts) == (determiner == "some")


def counted(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """Exact numbers against "more than", "fewer than" and other numbers; "some" leaves the number open."""
    noun = draw.one((*PERSONS, *ANIMALS, "person", "animal"))
    number = draw.one(range(LOWEST + 1, HIGHEST))
    place = draw.one(places_of(noun)) if draw.chance(0.5) else None
    # An exact number follows from the same number of a narrower group, so it is asked of kinds alone.
    quantities: tuple[Quantity, ...] = ("exactly", "more", "fewer") if members_of(noun) else ("more", "fewer")
    hypothesis = Being(
        noun, draw.one(activities_of(noun)), place, quantity=draw.one(quantities), number=number
    )
    exactly = replace(hypothesis, quantity="exactly")
    if label == "neutral":
        if draw.chance(0.5):
            return replace(hypothesis, quantity="some", number=0), hypothesis
        return _wider_bound(draw, hypothesis), hypothesis
    fits = {
        "more": range(number + 1, HIGHEST + 1),
        "fewer": range(LOWEST, number),
        "exactly": range(number, number + 1),
    }[hypothesis.quantity]
    if label == "contradiction":
        wrong = [count for count in range(LOWEST, HIGHEST + 1) if count not in fits]
        return replace(exactly, number=draw.one(wrong)), hypothesis
    if hypothesis.quantity == "exactly":
        return replace(exactly, noun=draw.one(members_of(noun))), hypothesis
    return replace(exactly, number=draw.one(fits)), hypothesis


def _wider_bound(draw: Draw, hypothesis: Being) -> Being:
    """A bound that allows what the hypothesis says and what it excludes."""
    upwards = hypothesis.quantity == "more" or (hypothesis.quantity == "exactly" and draw.chance(0.5))
    if upwards:
        return replace(hypothesis, quantity="more", number=hypothesis.number - 1)
    return replace(hypothesis, quantity="fewer", number=hypothesis.number + 1)


def compared(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """Converse comparatives: bigger against smaller with exchanged sides; another quality stays open."""
    first = draw.one(tuple(COMPARABLE))
    noun, other = comparable_two(draw, first)
    adjective = draw.one((first, ANTONYM[first]))
    hypothesis = Comparing(noun, adjective, other)
    if label == "entailment":
        return Comparing(other, ANTONYM[adjective], noun), hypothesis
    if label == "contradiction":
        exchanged = Comparing(other, adjective, noun)
        return draw.one((exchanged, replace(hypothesis, adjective=ANTONYM[adjective]))), hypothesis
    third = _third(draw, first, noun, other)
    sides = draw.one(((noun, third), (third, noun), (third, other), (other, third)))
    return Comparing(sides[0], draw.one((adjective, ANTONYM[adjective])), sides[1]), hypothesis


def comparable_two(draw: Draw, quality: str) -> tuple[str, str]:
    """Two nouns that can be compared in a quality, both persons, both animals or both things."""
    noun = draw.one(COMPARABLE[quality])
    alike = [other for other in COMPARABLE[quality] if other != noun and _sort(other) == _sort(noun)]
    return noun, draw.one(alike)


def _sort(noun: str) -> str:
    return kind_of(noun) if kind_of(noun) in ("person", "animal") else "thing"


def _third(draw: Draw, quality: str, noun: str, other: str) -> str:
    """Another noun comparable with both."""
    alike = [third for third in COMPARABLE[quality] if _sort(third) == _sort(noun)]
    return draw.one([third for third in alike if third not in (noun, other)])
