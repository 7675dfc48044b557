"""Premise and hypothesis about quantities: all, some, no; numbers.

As in `entailment_states`, the hypothesis is drawn first and the premise is made to fit the label.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from typing import Literal

from harness.embedded.corpus.drawing import Draw
from harness.embedded.corpus.entailment_states import denied
from harness.embedded.corpus.meaning import (
    ACTIVITIES_OF_ALL,
    ANIMALS,
    KINDS,
    PERSONS,
    PLACES_OF_ANIMALS,
    Being,
    Clause,
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
    """All, some and no over a kind or one of its members."""
    member = draw.one((*PERSONS, *ANIMALS))
    kind = kind_of(member)
    activity, place = draw.one(activities_of(kind)), draw.one((None, *places_of(kind)))
    forms = [
        Being(noun, activity, place, quantity=determiner)
        for noun, determiner in product((member, kind), DETERMINERS)
    ]
    premises = {form: _premises(form, forms) for form in forms}
    is_denied = denied(draw, label)
    hypothesis = draw.one(
        [
            form
            for form in forms
            if len(premises[form]) == len(LABELS) and (form.quantity == "no") == is_denied
        ]
    )
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

    A world has some members of the named group and some other individuals of the kind, each being active or
    not. Neither is ever empty, so that "all" implies "some".
    """
    return _verdict(_shape(premise), _shape(hypothesis))


# What decides the truth of a quantified sentence: its determiner, and whether it speaks of the whole kind.
_Shape = tuple[str, bool]


def _shape(clause: Being) -> _Shape:
    return clause.quantity, clause.noun in KINDS


@cache
def _verdict(premise: _Shape, hypothesis: _Shape) -> str:
    verdicts = {_holds(hypothesis, world) for world in _WORLDS if _holds(premise, world)}
    if verdicts == {True}:
        return "entailment"
    return "contradiction" if verdicts == {False} else "neutral"


# An individual: whether it is a member of the group, whether it is active.
_Individual = tuple[bool, bool]
_TYPES: tuple[_Individual, ...] = tuple(product((True, False), (True, False)))
_WORLDS: tuple[frozenset[_Individual], ...] = tuple(
    world
    for world in (
        frozenset(individual for individual, present in zip(_TYPES, presence, strict=True) if present)
        for presence in product((False, True), repeat=len(_TYPES))
    )
    if {is_member for is_member, _ in world} == {True, False}
)


def _holds(shape: _Shape, world: frozenset[_Individual]) -> bool:
    determiner, whole_kind = shape
    verdicts = [active for is_member, active in world if is_member or whole_kind]
    if determiner == "all":
        return all(verdicts)
    return any(verdicts) == (determiner == "some")


def counted(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """A number against the same, another, or no exact number, of the same noun or of members of its kind."""
    noun = draw.one((*PERSONS, *ANIMALS, "person", "animal", "person", "animal"))
    number = draw.one(range(LOWEST, HIGHEST + 1))
    # A number of a named group follows only from a narrower place, so it is asked without one.
    kind = members_of(noun)
    somewhere = draw.one(PLACES_OF_ANIMALS if kind else places_of(noun))
    place = somewhere if kind and draw.chance(0.5) else None
    doing = draw.one(ACTIVITIES_OF_ALL if kind else activities_of(noun))
    hypothesis = Being(noun, doing, place, quantity="exactly", number=number)
    if label == "neutral":
        return _uncounted(draw, hypothesis), hypothesis
    if label == "contradiction":
        others = [count for count in range(LOWEST, HIGHEST + 1) if count != number]
        return replace(hypothesis, number=draw.one(others)), hypothesis
    if kind:
        narrower = place or (somewhere if draw.chance(0.5) else None)
        return replace(hypothesis, noun=draw.one(kind), place=narrower), hypothesis
    return replace(hypothesis, place=somewhere), hypothesis


def _uncounted(draw: Draw, hypothesis: Being) -> Being:
    """A premise that leaves the number open: other beings, "some", a bound."""
    number = hypothesis.number
    if draw.chance(0.5):
        others = [kind for kind in ("person", "animal") if kind != kind_of(hypothesis.noun)]
        if hypothesis.noun not in KINDS:
            others = [member for member in members_of(kind_of(hypothesis.noun)) if member != hypothesis.noun]
        return replace(hypothesis, noun=draw.one(others))
    options = [replace(hypothesis, quantity="some", number=0)]
    if number > LOWEST:
        options.append(replace(hypothesis, quantity="more", number=draw.one(range(LOWEST, number))))
    if number < HIGHEST:
        options.append(replace(hypothesis, quantity="fewer", number=draw.one(range(number + 1, HIGHEST + 1))))
    return draw.one(options)
