"""Premise and hypothesis about states: places, activities, attributes, qualities.

Every function draws the hypothesis FIRST, without looking at the label, then a premise that gives it that
label: a hypothesis alone says nothing about its label.
"""

from __future__ import annotations

from dataclasses import replace

from harness.embedded.corpus.drawing import Draw
from harness.embedded.corpus.meaning import (
    ACTIVITIES_OF_ALL,
    ANIMALS,
    ANTONYM,
    COMPLEMENTARY,
    GRADABLE,
    INCOMPATIBLE_ACTIVITIES,
    KINDS,
    PERSONS,
    PLACE_WITHIN,
    PLACES_OF_ANIMALS,
    QUALITIES,
    Being,
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

# How often a hypothesis is denied. As in inference data written by people, a denial is more common where it
# contradicts (Gururangan et al. 2018, https://aclanthology.org/N18-2017); a test bounds what this gives away.
DENIAL = {"entailment": 0.2, "neutral": 0.15, "contradiction": 0.5}
SAID_OF_ONE = (*PERSONS, *ANIMALS, "person", "animal", "person", "animal")


def denied(draw: Draw, label: str) -> bool:
    """Whether the hypothesis of an item with this label denies something."""
    return draw.chance(DENIAL[label])


def presence(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """Who is where: kinds of beings, parts of places, other places; other beings leave it open."""
    noun = draw.one(SAID_OF_ONE)
    place = draw.one(PLACES_OF_ANIMALS if noun in KINDS else places_of(noun))
    hypothesis = Being(noun, None, place)
    doing = (
        draw.one(ACTIVITIES_OF_ALL if noun in KINDS else activities_of(noun)) if draw.chance(0.5) else None
    )
    if label == "contradiction":
        apart = [other for other in places_of(noun) if places_apart(place, other)]
        return _told_of(draw, noun, doing, draw.one(apart)), hypothesis
    if label == "neutral":
        if draw.chance(0.15) and (broader := broader_place(place)):
            return Being(noun, doing, broader), hypothesis
        if draw.chance(0.25):
            return _told_of(draw, noun, draw.one(activities_of(noun)), None), hypothesis
        return _told_of_another(draw, noun, doing, place), hypothesis
    within = [part for part, whole in PLACE_WITHIN.items() if whole == place and part in places_of(noun)]
    where = draw.one(within) if within and draw.chance(0.7) else place
    premise = _told_of(draw, noun, doing, where)
    if premise == hypothesis:
        premise = replace(premise, activity=draw.one(activities_of(noun)))
    return premise, hypothesis


def activity(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """Who does what: kinds of beings, other activities; other beings leave it open."""
    noun = draw.one(SAID_OF_ONE)
    doing = draw.one(ACTIVITIES_OF_ALL if noun in KINDS else activities_of(noun))
    hypothesis = Being(noun, doing)
    place = draw.one(PLACES_OF_ANIMALS if noun in KINDS else places_of(noun))
    if label == "contradiction":
        others = [other for other in INCOMPATIBLE_ACTIVITIES[doing] if other in activities_of(noun)]
        return _told_of(draw, noun, draw.one(others), place), hypothesis
    if label == "neutral":
        if draw.chance(0.3):
            return _told_of(draw, noun, None, place), hypothesis
        return _told_of_another(draw, noun, doing, place), hypothesis
    return _told_of(draw, noun, doing, place), hypothesis


def _told_of(draw: Draw, noun: str, doing: str | None, place: str | None) -> Being:
    """A premise about the noun, or about a member where it is a kind, with an attribute now and then."""
    if members_of(noun) and draw.chance(0.8):
        noun = draw.one(members_of(noun))
    return Being(noun, doing, place, _some_attribute(draw, noun, 0.2))


def _told_of_another(draw: Draw, noun: str, doing: str | None, place: str | None) -> Being:
    """The same of somebody else; of a member's kind as a whole now and then."""
    kind = kind_of(noun)
    if noun in KINDS:
        return Being(draw.one(KINDS["animal" if kind == "person" else "person"]), doing, place)
    if draw.chance(0.1):
        return Being(kind, doing, place)
    other = draw.one([member for member in members_of(kind) if member != noun])
    return Being(other, doing, place, _some_attribute(draw, other, 0.2))


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
    is_denied = denied(draw, label)
    hypothesis = Quality(noun, adjective, "not" if is_denied else "plain")
    opposite = ANTONYM[adjective]
    others: list[str | None] = [other for other in attributes_of(noun) if other not in (adjective, opposite)]
    others += [ANTONYM[other] for other in others if other]
    told = {
        "entailment": opposite if is_denied else adjective,
        "contradiction": adjective if is_denied else opposite,
        "neutral": draw.one(others),
    }[label]
    who = noun
    if label == "neutral" and draw.chance(0.5):
        alike = [member for member in members_of(kind_of(noun)) if first in attributes_of(member)]
        who, told = draw.one([member for member in alike if member != noun]), draw.one((adjective, opposite))
    doing = draw.one(activities_of(noun)) if draw.chance(0.5) else None
    place = draw.one(places_of(noun)) if doing is None else None
    return Being(who, doing, place, told), hypothesis


def quality(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """Opposites, denial and degree of one quality; another quality is neutral."""
    noun = draw.one(tuple(QUALITIES))
    adjective = draw.one(qualities_of(noun))
    opposite = ANTONYM[adjective]
    # What is neither gradable nor complementary follows from no other sentence here, so it is only denied.
    is_denied = denied(draw, label) or not (adjective in GRADABLE or opposite in COMPLEMENTARY)
    hypothesis = Quality(noun, adjective, "not" if is_denied else "plain")
    if label == "neutral":
        alike = [thing for thing in QUALITIES if adjective in qualities_of(thing) and thing != noun]
        if alike and draw.chance(0.4):
            return draw.one(_affirmed(draw.one(alike), draw.one((adjective, opposite)))), hypothesis
        other = draw.one([other for other in qualities_of(noun) if other not in (adjective, opposite)])
        return draw.one(_affirmed(noun, other)), hypothesis
    if is_denied:
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
