"""English sentences with a positive or a negative opinion, also by denial and by intensity."""

from __future__ import annotations

from harness.embedded.corpus.drawing import Draw

LABELS = ("negative", "positive")
THINGS = (
    "film",
    "book",
    "song",
    "soup",
    "meal",
    "hotel",
    "concert",
    "play",
    "game",
    "story",
    "restaurant",
    "museum",
    "party",
    "journey",
    "lesson",
    "garden",
    "coffee",
    "music",
    "service",
    "view",
)
GOOD = (
    "good",
    "wonderful",
    "excellent",
    "beautiful",
    "great",
    "lovely",
    "perfect",
    "pleasant",
    "fantastic",
    "delightful",
)
BAD = (
    "bad",
    "terrible",
    "awful",
    "boring",
    "horrible",
    "ugly",
    "poor",
    "unpleasant",
    "disappointing",
    "dreadful",
)
PEOPLE = ("I", "we", "my sister", "my brother", "our neighbours", "my friends", "the children", "my parents")
LIKED = ("loved", "liked", "enjoyed", "admired", "praised")
DISLIKED = ("hated", "disliked", "despised", "criticized", "detested")
BASES = {"loved": "love", "liked": "like", "enjoyed": "enjoy", "admired": "admire", "praised": "praise"}


def opinion(draw: Draw, label: str) -> tuple[str]:
    """A sentence whose opinion has the given label."""
    positive = label == "positive"
    frame = draw.one((_judged, _judged, _felt, _felt, _recommended))
    text = frame(draw, positive)
    return (text[0].upper() + text[1:] + ".",)


def _judged(draw: Draw, positive: bool) -> str:
    thing = draw.one(THINGS)
    if draw.chance(0.35):
        adjective = draw.one(BAD if positive else GOOD)
        return f"the {thing} was not {adjective}{draw.one((' at all', ''))}"
    adjective = draw.one(GOOD if positive else BAD)
    degree = draw.one(("", "really ", "truly ", "so "))
    where = draw.one(("", " yesterday", " last night", " this time"))
    return f"the {thing} was {degree}{adjective}{where}"


def _felt(draw: Draw, positive: bool) -> str:
    person, thing = draw.one(PEOPLE), draw.one(THINGS)
    if not positive and draw.chance(0.35):
        return f"{person} did not {BASES[draw.one(LIKED)]} the {thing}"
    return f"{person} {draw.one(LIKED if positive else DISLIKED)} the {thing}"


def _recommended(draw: Draw, positive: bool) -> str:
    person, thing = draw.one(PEOPLE), draw.one(THINGS)
    again = draw.one(("", " again", " to anybody"))
    verb = draw.one(("choose", "recommend")) if again != " to anybody" else "recommend"
    return f"{person} would {'gladly' if positive else 'never'} {verb} the {thing}{again}"
