"""English questions with a sentence that answers them or does not.

As in QNLI (Wang et al. 2018, https://aclanthology.org/W18-5446).
"""

from __future__ import annotations

from dataclasses import replace

from harness.embedded.corpus.drawing import Draw
from harness.embedded.corpus.languages.english import ACTIVITIES, NOUNS, VERBS, English
from harness.embedded.corpus.meaning import (
    ANIMALS,
    GIFTS,
    GOODS,
    GOODS_VERBS,
    PERSONS,
    THING_VERBS,
    Being,
    Clause,
    Doing,
    Giving,
    activities_of,
    places_of,
)

LABELS = ("answer", "no_answer")
ENGLISH = English()


def questioned(draw: Draw, label: str) -> tuple[str, str]:
    """A question, drawn first, and a sentence that answers it or, on the same matter, does not."""
    kind = draw.one((_where, _who, _what, _doing, _how_many, _to_whom))
    question, clause = kind(draw, label == "answer")
    return question, ENGLISH.sentence(clause)


def _where(draw: Draw, answered: bool) -> tuple[str, Clause]:
    noun = draw.one((*PERSONS, *ANIMALS))
    activity = draw.one((None, *activities_of(noun)))
    question = f"Where is the {noun}{' ' + ACTIVITIES[activity] if activity else ''}?"
    clause = Being(noun, activity or draw.one((None, *activities_of(noun))), draw.one(places_of(noun)))
    if answered:
        return question, clause
    if draw.chance(0.5):
        return question, replace(clause, noun=_other(draw, PERSONS if noun in PERSONS else ANIMALS, noun))
    return question, replace(clause, activity=clause.activity or draw.one(activities_of(noun)), place=None)


def _who(draw: Draw, answered: bool) -> tuple[str, Clause]:
    verb = draw.one(tuple(THING_VERBS))
    thing = draw.one(THING_VERBS[verb])
    question = f"Who {VERBS[verb][1]} the {thing}?"
    clause = Doing(draw.one(PERSONS), verb, thing, definite=True, passive=draw.chance(0.5))
    if answered:
        return question, clause
    verbs = [other for other in THING_VERBS if other != verb and thing in THING_VERBS[other]]
    if verbs and draw.chance(0.5):
        return question, replace(clause, verb=draw.one(verbs))
    return question, replace(clause, object=_other(draw, THING_VERBS[verb], thing))


def _what(draw: Draw, answered: bool) -> tuple[str, Clause]:
    agent, verb = draw.one(PERSONS), draw.one(GOODS_VERBS)
    question = f"What did the {agent} {VERBS[verb][0]}?"
    clause = Doing(agent, verb, draw.one(GOODS))
    if answered:
        return question, clause
    if draw.chance(0.5):
        return question, replace(clause, verb=_other(draw, GOODS_VERBS, verb))
    return question, replace(clause, agent=_other(draw, PERSONS, agent))


def _doing(draw: Draw, answered: bool) -> tuple[str, Clause]:
    noun = draw.one((*PERSONS, *ANIMALS))
    place = draw.one(places_of(noun))
    clause = Being(noun, draw.one(activities_of(noun)), place)
    asked = ENGLISH.spelled(replace(clause, activity=None)).removeprefix(f"the {noun} is ")
    question = f"What is the {noun} doing {asked}?"
    if answered:
        return question, clause
    if draw.chance(0.5):
        return question, replace(clause, activity=None)
    return question, replace(clause, noun=_other(draw, PERSONS if noun in PERSONS else ANIMALS, noun))


def _how_many(draw: Draw, answered: bool) -> tuple[str, Clause]:
    noun = draw.one((*PERSONS, *ANIMALS))
    activity = draw.one(activities_of(noun))
    question = f"How many {NOUNS[noun][1]} are {ACTIVITIES[activity]}?"
    clause = Being(noun, activity, quantity="exactly", number=draw.one(range(2, 7)))
    if answered:
        return question, clause
    if draw.chance(0.5):
        return question, replace(clause, quantity=draw.one(("some", "all")), number=0)
    return question, replace(clause, activity=_other(draw, activities_of(noun), activity))


def _to_whom(draw: Draw, answered: bool) -> tuple[str, Clause]:
    verb = draw.one(tuple(GIFTS))
    giver, receiver = draw.two(PERSONS)
    gift = draw.one(GIFTS[verb])
    question = f"Who did the {giver} {verb} {ENGLISH.indefinite(gift)} to?"
    clause = Giving(verb, giver, receiver, gift, converse=draw.chance(0.5))
    if answered:
        return question, clause
    if draw.chance(0.5):
        return question, replace(clause, giver=receiver, receiver=giver)
    return question, replace(clause, gift=_other(draw, GIFTS[verb], gift))


def _other(draw: Draw, options: tuple[str, ...], used: str) -> str:
    return draw.one([option for option in options if option != used])
