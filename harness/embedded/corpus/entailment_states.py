"""Premise and hypothesis about states: places, activities, attributes, qualities, two persons at once.

Every function draws the hypothesis FIRST, without looking at the label, then a premise that gives it that
label: a hypothesis alone says nothing about its label.
"""

from __future__ import annotations

from dataclasses import replace

from harness.embedded.corpus.drawing import Draw
from harness.embedded.corpus.meaning import (
    ANIMALS,
    ANTONYM,
    COMPLEMENTARY,
    GRADABLE,
    INCOMPATIBLE_ACTIVITIES,
    PERSONS,
    PLACE_WITHIN,
    QUALITIES,
    Being,
    Both,
    Clause,
    Quality,
    activities_of,
    attributes_of,
    broader_place,
    kind_of,
    members_of,
    places_apart,
    places_of,
    qualities_of,
)

SAID_OF_ONE = (*PERSONS, *ANIMALS, "person", "animal", "person", "animal")


def presence(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """Who is where and does what: kinds, parts of places, added and missing detail, excluded alternatives."""
    noun = draw.one(SAID_OF_ONE)
    place = draw.one(places_of(noun))
    hypothesis = Being(noun, draw.one(activities_of(noun)) if draw.chance(0.6) else None, place)
    if label == "contradiction":
        return _elsewhere_or_otherwise(draw, hypothesis), hypothesis
    if label == "neutral":
        return _less_told(draw, hypothesis), hypothesis
    return _more_told(draw, hypothesis), hypothesis


def _elsewhere_or_otherwise(draw: Draw, hypothesis: Being) -> Being:
    """A premise that excludes the hypothesis by its place or its activity."""
    assert hypothesis.place is not None
    premise = replace(hypothesis, adjective=_some_attribute(draw, hypothesis.noun, 0.3))
    if members_of(hypothesis.noun) and draw.chance(0.5):
        premise = replace(premise, noun=draw.one(members_of(hypothesis.noun)))
    if hypothesis.activity and draw.chance(0.4):
        possible = activities_of(hypothesis.noun)
        others = [other for other in INCOMPATIBLE_ACTIVITIES[hypothesis.activity] if other in possible]
        return replace(premise, activity=draw.one(others))
    apart = [other for other in places_of(hypothesis.noun) if places_apart(hypothesis.place, other)]
    return replace(premise, place=draw.one(apart))


def _less_told(draw: Draw, hypothesis: Being) -> Being:
    """A premise that leaves open something the hypothesis says."""
    broader = broader_place(hypothesis.place or "")
    options = [replace(hypothesis, place=broader)] * 2 if broader else []
    if hypothesis.noun in PERSONS or hypothesis.noun in ANIMALS:
        options.append(replace(hypothesis, noun=kind_of(hypothesis.noun)))
    if hypothesis.activity:
        options.append(replace(hypothesis, activity=None))
        options.append(replace(hypothesis, place=None))
    else:
        options.append(replace(hypothesis, activity=draw.one(activities_of(hypothesis.noun)), place=None))
    premise = draw.one(options)
    if premise.noun == hypothesis.noun:
        premise = replace(premise, adjective=_some_attribute(draw, premise.noun, 0.3))
    return premise


def _more_told(draw: Draw, hypothesis: Being) -> Being:
    """A premise that says more: a member of the kind, a part of the place, an added detail."""
    premise = hypothesis
    within = [part for part, whole in PLACE_WITHIN.items() if whole == hypothesis.place]
    within = [part for part in within if part in places_of(hypothesis.noun)]
    if within and draw.chance(0.7):
        premise = replace(premise, place=draw.one(within))
    if members_of(hypothesis.noun) and (premise == hypothesis or draw.chance(0.5)):
        premise = replace(premise, noun=draw.one(members_of(hypothesis.noun)))
    if hypothesis.activity is None and draw.chance(0.6):
        premise = replace(premise, activity=draw.one(activities_of(hypothesis.noun)))
    always = premise == hypothesis
    return replace(premise, adjective=_some_attribute(draw, premise.noun, 1.0 if always else 0.3))


def _some_attribute(draw: Draw, noun: str, probability: float) -> str | None:
    if members_of(noun) or not draw.chance(probability):
        return None
    first = draw.one(attributes_of(noun))
    return draw.one((first, ANTONYM[first]))


def attribute(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """What the attribute in the premise says about the quality in the hypothesis."""
    noun = draw.one((*PERSONS, *ANIMALS))
    first = draw.one(attributes_of(noun))
    adjective = draw.one((first, ANTONYM[first]))
    denied = draw.chance(0.4)
    hypothesis = Quality(noun, adjective, "not" if denied else "plain")
    opposite = ANTONYM[adjective]
    others: list[str | None] = [other for other in attributes_of(noun) if other not in (adjective, opposite)]
    others += [ANTONYM[other] for other in others if other]
    told = {
        "entailment": opposite if denied else adjective,
        "contradiction": adjective if denied else opposite,
        "neutral": draw.one(others),
    }[label]
    activity = draw.one(activities_of(noun)) if draw.chance(0.5) else None
    place = draw.one(places_of(noun)) if activity is None or draw.chance(0.3) else None
    return Being(noun, activity, place, told), hypothesis


def quality(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """Opposites, denial and degree of one quality; another quality is neutral."""
    noun = draw.one(tuple(QUALITIES))
    adjective = draw.one(qualities_of(noun))
    opposite = ANTONYM[adjective]
    # What is neither gradable nor complementary follows from no other sentence here, so it is only denied.
    denied = draw.chance(0.5) or not (adjective in GRADABLE or opposite in COMPLEMENTARY)
    hypothesis = Quality(noun, adjective, "not" if denied else "plain")
    if label == "neutral":
        other = draw.one([other for other in qualities_of(noun) if other not in (adjective, opposite)])
        return draw.one([*_affirmed(noun, other), Quality(noun, other, "not")]), hypothesis
    if denied:
        return draw.one(_affirmed(noun, opposite if label == "entailment" else adjective)), hypothesis
    if label == "contradiction":
        return draw.one([*_affirmed(noun, opposite), Quality(noun, adjective, "not")]), hypothesis
    firm = [premise for premise in _affirmed(noun, adjective) if premise != hypothesis]
    if opposite in COMPLEMENTARY:
        firm.append(Quality(noun, opposite, "not"))
    return draw.one(firm), hypothesis


def _affirmed(noun: str, adjective: str) -> list[Quality]:
    """The ways to say that the noun has the quality."""
    plain = Quality(noun, adjective)
    return [plain, Quality(noun, adjective, "very")] if adjective in GRADABLE else [plain]


def pair(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """Two persons or animals in two places: who is where must be kept apart."""
    people = draw.shuffled(draw.one((PERSONS, ANIMALS)))[:3]
    noun, other, third = people
    places = draw.shuffled(places_of(noun))
    here = places[0]
    there = draw.one([place for place in places if places_apart(here, place)])
    hypothesis = Being(noun, None, here)
    placed = {
        "entailment": [(noun, here), (other, there)],
        "contradiction": [(noun, there), (other, here)],
        "neutral": [(third, there), (other, here)],
    }[label]
    first, second = (Being(who, None, where) for who, where in draw.shuffled(placed))
    return Both(first, second), hypothesis
