"""Premise and hypothesis about events: objects and their kinds under negation, voice, gifts and sales.

As in `entailment_states`, the hypothesis is drawn first and the premise is made to fit the label.
"""

from __future__ import annotations

from dataclasses import replace

from harness.embedded.corpus.drawing import Draw
from harness.embedded.corpus.entailment_states import denied
from harness.embedded.corpus.meaning import (
    GIFTS,
    GOODS,
    GOODS_KINDS,
    GOODS_VERBS,
    KIND_OF,
    KINDS,
    PERSON_VERBS,
    PERSONS,
    THING_VERBS,
    Clause,
    Doing,
    Giving,
    kind_of,
    members_of,
)


def obtained(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """Kinds and members as objects: affirmation entails upwards, denial downwards, the rest stays open."""
    noun = draw.one((*GOODS, *GOODS_KINDS, *GOODS_KINDS))
    negated, is_kind = denied(draw, label), noun in KINDS
    # An affirmed member follows only from a narrower agent, so its agent is "person".
    agent = draw.one(PERSONS) if negated or is_kind else "person"
    hypothesis = Doing(agent, draw.one(GOODS_VERBS), noun, negated=negated)
    base = hypothesis if agent != "person" else replace(hypothesis, agent=draw.one(PERSONS))
    narrower = draw.one(members_of(noun)) if is_kind else noun
    if label == "neutral":
        return _left_open(draw, base), hypothesis
    if (label == "entailment") == negated:
        options = ["nothing"] if is_kind else ["nothing", kind_of(noun)]
        options += [] if negated else [noun]
        return replace(base, object=draw.one(options), negated=True), hypothesis
    return replace(base, object=narrower, negated=False), hypothesis


def _left_open(draw: Draw, hypothesis: Doing) -> Doing:
    """A premise from which the hypothesis neither follows nor is excluded."""
    noun = hypothesis.object
    others = [verb for verb in GOODS_VERBS if verb != hypothesis.verb]
    if noun in KINDS:
        member = draw.one(members_of(noun))
        if draw.chance(0.15):
            return replace(hypothesis, object=member, negated=True)
        elsewhere = draw.one([good for good in GOODS if KIND_OF[good] != noun])
        return replace(hypothesis, object=elsewhere)
    sibling = draw.one([member for member in members_of(kind_of(noun)) if member != noun])
    if hypothesis.negated:
        return replace(hypothesis, object=sibling)
    options = (
        replace(hypothesis, object=kind_of(noun)),
        replace(hypothesis, object=sibling),
        replace(hypothesis, verb=draw.one(others)),
    )
    return draw.one(options)


def voice(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """Active against passive, affirmed against denied; exchanged roles and other persons stay open."""
    if draw.chance(0.5):
        agent, patient = draw.two(PERSONS)
        hypothesis = Doing(agent, draw.one(PERSON_VERBS), patient, definite=True)
    else:
        verb = draw.one(tuple(THING_VERBS))
        hypothesis = Doing(draw.one(PERSONS), verb, draw.one(THING_VERBS[verb]), definite=True)
    hypothesis = replace(hypothesis, passive=draw.chance(0.5), negated=denied(draw, label))
    turned = replace(hypothesis, passive=not hypothesis.passive)
    if label == "entailment":
        return turned, hypothesis
    if label == "contradiction":
        return replace(turned, negated=not turned.negated), hypothesis
    premise = replace(turned, negated=turned.negated != draw.chance(0.15))
    if hypothesis.object in PERSONS:
        if draw.chance(0.25):
            return replace(premise, agent=hypothesis.object, object=hypothesis.agent), hypothesis
        return replace(premise, verb=_other(draw, PERSON_VERBS, hypothesis.verb)), hypothesis
    things = THING_VERBS[hypothesis.verb]
    return replace(premise, object=_other(draw, things, hypothesis.object)), hypothesis


def transfer(draw: Draw, label: str) -> tuple[Clause, Clause]:
    """Giving against receiving, selling against buying; another gift and the reverse direction stay open."""
    verb = draw.one(tuple(GIFTS))
    giver, receiver = draw.two(PERSONS)
    gift = draw.one(GIFTS[verb])
    hypothesis = Giving(verb, giver, receiver, gift, draw.chance(0.5), denied(draw, label))
    turned = replace(hypothesis, converse=not hypothesis.converse)
    if label == "entailment":
        return turned, hypothesis
    if label == "contradiction":
        return replace(turned, negated=not turned.negated), hypothesis
    premise = replace(turned, negated=turned.negated != draw.chance(0.15))
    if draw.chance(0.25):
        return replace(premise, giver=receiver, receiver=giver), hypothesis
    return replace(premise, gift=_other(draw, GIFTS[verb], gift)), hypothesis


def _other(draw: Draw, options: tuple[str, ...], used: str) -> str:
    return draw.one([option for option in options if option != used])
