"""What the sentences of the mini corpus mean: language-neutral clauses and the world they speak about.

Every item of the corpus is drawn as clauses of this module; each language only spells them out. That is what
makes the items parallel and their labels the same in every language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Quantity = Literal["the", "all", "some", "no", "exactly", "more", "fewer"]
Degree = Literal["plain", "very", "not"]


@dataclass(frozen=True)
class Being:
    """Somebody is doing something somewhere now: "the black dog is sleeping in the kitchen".

    Quantities other than "the" need an activity; an adjective stands only with "the". `number` (2 to 6)
    counts for "exactly", "more" (than) and "fewer" (than).
    """

    noun: str
    activity: str | None = None
    place: str | None = None
    adjective: str | None = None
    quantity: Quantity = "the"
    number: int = 0


@dataclass(frozen=True)
class Doing:
    """Somebody did something to an object: "the girl washed the car", "the girl did not buy any fruit".

    `passive` needs a definite object. The object "nothing" stands only with `negated`.
    """

    agent: str
    verb: str
    object: str
    definite: bool = False
    negated: bool = False
    passive: bool = False


@dataclass(frozen=True)
class Quality:
    """A thing or person has a quality: "the soup is very hot"."""

    noun: str
    adjective: str
    degree: Degree = "plain"


@dataclass(frozen=True)
class Comparing:
    """`noun` has more of the quality than `other`: "the cat is bigger than the dog"."""

    noun: str
    adjective: str
    other: str


@dataclass(frozen=True)
class Giving:
    """A gift changes hands by "give" or "sell"; `converse` tells it from the receiver's side."""

    verb: Literal["give", "sell"]
    giver: str
    receiver: str
    gift: str
    converse: bool = False
    negated: bool = False


@dataclass(frozen=True)
class Both:
    """Two statements: "the boy is in the kitchen and the girl is in the garden"."""

    first: Being
    second: Being


Clause = Being | Doing | Quality | Comparing | Giving | Both

PERSONS = ("man", "woman", "boy", "girl", "teacher", "doctor", "farmer", "student")
ADULTS = ("man", "woman", "teacher", "doctor", "farmer")
ANIMALS = ("dog", "cat", "cow", "horse", "goat")
KINDS: dict[str, tuple[str, ...]] = {
    "person": PERSONS,
    "animal": ANIMALS,
    "vehicle": ("car", "bicycle", "bus"),
    "fruit": ("apple", "banana", "orange"),
    "clothing": ("shirt", "coat", "dress"),
    "furniture": ("table", "chair", "bed"),
}
KIND_OF: dict[str, str] = {member: kind for kind, members in KINDS.items() for member in members}
GOODS_KINDS = ("animal", "vehicle", "fruit", "clothing", "furniture")
GOODS = tuple(member for kind in GOODS_KINDS for member in KINDS[kind])

PLACES = (
    "kitchen",
    "bedroom",
    "house",
    "classroom",
    "school",
    "garden",
    "market",
    "forest",
    "street",
    "church",
    "hospital",
    "station",
)
PLACES_OF_ANIMALS = ("kitchen", "bedroom", "house", "garden", "market", "forest", "street", "station")
PLACE_WITHIN: dict[str, str] = {"kitchen": "house", "bedroom": "house", "classroom": "school"}

ACTIVITIES_OF_ALL = ("sleep", "eat", "drink", "run", "play", "wait")
ACTIVITIES_OF_PERSONS = (*ACTIVITIES_OF_ALL, "read", "sing", "dance", "work")
INCOMPATIBLE_ACTIVITIES: dict[str, tuple[str, ...]] = {
    "sleep": ("eat", "drink", "run", "play", "read", "sing", "dance", "work"),
    "eat": ("sleep", "run", "sing"),
    "drink": ("sleep", "run", "sing"),
    "run": ("sleep", "eat", "drink", "wait", "read"),
    "play": ("sleep", "read", "work"),
    "wait": ("run", "dance"),
    "read": ("sleep", "run", "play", "dance"),
    "sing": ("sleep", "eat", "drink"),
    "dance": ("sleep", "read", "wait"),
    "work": ("sleep", "play"),
}

# "old" is the opposite of "new" (things), "elderly" that of "young" (persons).
ANTONYM_PAIRS = (
    ("big", "small"),
    ("new", "old"),
    ("clean", "dirty"),
    ("expensive", "cheap"),
    ("hot", "cold"),
    ("full", "empty"),
    ("open", "closed"),
    ("wet", "dry"),
    ("black", "white"),
    ("tall", "short"),
    ("young", "elderly"),
    ("rich", "poor"),
    ("healthy", "sick"),
    ("happy", "sad"),
)
ANTONYM: dict[str, str] = {a: b for pair in ANTONYM_PAIRS for a, b in (pair, pair[::-1])}
GRADABLE = frozenset(
    adjective
    for pair in ANTONYM_PAIRS
    if pair[0] not in {"open", "full", "black", "healthy"}
    for adjective in pair
)
# Of these, being not the one means being the other.
COMPLEMENTARY = frozenset({"open", "closed", "healthy", "sick"})


def _qualities() -> dict[str, tuple[str, ...]]:
    """Noun → first members of the antonym pairs that can be said of it."""
    qualities: dict[str, tuple[str, ...]] = {}
    for person in PERSONS:
        grown = ("young",) if person in ADULTS else ()
        qualities[person] = ("tall", *grown, "rich", "healthy", "happy")
    for animal in ANIMALS:
        qualities[animal] = ("big", "black", "healthy")
    for group, of_group in (
        (("car", "bicycle"), ("new", "clean", "expensive")),
        (("bus",), ("new", "clean", "full")),
        (KINDS["clothing"], ("new", "clean", "wet", "expensive")),
        (KINDS["furniture"], ("new", "clean", "big", "expensive")),
        (KINDS["fruit"], ("big", "expensive")),
        (("door", "window"), ("open", "clean", "big", "new")),
        (("soup",), ("hot", "expensive")),
        (("house",), ("big", "new", "clean", "expensive")),
        (("room",), ("big", "clean", "full")),
        (("bottle",), ("full", "clean", "big")),
        (("book",), ("new", "expensive")),
    ):
        for noun in group:
            qualities[noun] = of_group
    return qualities


QUALITIES = _qualities()


def attributes_of(noun: str) -> tuple[str, ...]:
    """First members of the antonym pairs that may stand as an attribute of a person or an animal."""
    allowed = ("big", "black") if noun in ANIMALS else ("tall", "young", "rich")
    return tuple(quality for quality in QUALITIES[noun] if quality in allowed)


COMPARABLE: dict[str, tuple[str, ...]] = {
    "tall": PERSONS,
    "young": ADULTS,
    "rich": PERSONS,
    "big": (*ANIMALS, "house", "room", "table", "bed", "car", "bus"),
    "expensive": (*KINDS["clothing"], *KINDS["furniture"], "car", "bicycle", "book", "house"),
}

THING_VERBS: dict[str, tuple[str, ...]] = {
    "wash": ("car", "bicycle", "bus", "window", "table", "shirt", "coat", "dress", "bottle"),
    "open": ("door", "window", "bottle", "book"),
    "close": ("door", "window", "bottle", "book"),
    "buy": ("car", "bicycle", "bus", "shirt", "coat", "dress", "table", "chair", "bed", "house", "book"),
    "sell": ("car", "bicycle", "bus", "shirt", "coat", "dress", "table", "chair", "bed", "house", "book"),
    "steal": ("car", "bicycle", "shirt", "coat", "dress", "book", "bottle"),
    "break": ("chair", "table", "window", "door", "bicycle", "bottle", "bed"),
    "repair": ("car", "bicycle", "bus", "chair", "table", "window", "door", "bed"),
    "paint": ("door", "window", "table", "chair", "bed", "house", "room", "bicycle"),
}
PERSON_VERBS = ("invite", "rescue", "choose", "deceive", "punish")
GOODS_VERBS = ("buy", "sell", "steal", "see")
GIFTS: dict[Literal["give", "sell"], tuple[str, ...]] = {
    "give": ("book", "letter", "apple", "banana", "orange", "shirt", "coat", "dress", "bottle", "cat", "dog"),
    "sell": (
        "car",
        "bicycle",
        "shirt",
        "coat",
        "chair",
        "table",
        "bed",
        "book",
        "cow",
        "horse",
        "goat",
        "house",
    ),
}


def kind_of(noun: str) -> str:
    """The kind a noun belongs to, or the noun itself where it has none (or is one)."""
    return KIND_OF.get(noun, noun)


def members_of(noun: str) -> tuple[str, ...]:
    """The nouns of a kind; empty for a noun that is no kind."""
    return KINDS.get(noun, ())


def activities_of(noun: str) -> tuple[str, ...]:
    """What a person or an animal can be doing."""
    return ACTIVITIES_OF_ALL if kind_of(noun) == "animal" else ACTIVITIES_OF_PERSONS


def places_of(noun: str) -> tuple[str, ...]:
    """Where a person or an animal can be."""
    return PLACES_OF_ANIMALS if kind_of(noun) == "animal" else PLACES


def qualities_of(noun: str) -> tuple[str, ...]:
    """Every adjective that can be said of `noun`."""
    return tuple(adjective for first in QUALITIES[noun] for adjective in (first, ANTONYM[first]))


def broader_place(place: str) -> str | None:
    """The place that holds `place`, or None."""
    return PLACE_WITHIN.get(place)


def places_apart(first: str, second: str) -> bool:
    """Whether nobody can be in both places at once (neither lies within the other)."""
    return first != second and PLACE_WITHIN.get(first) != second and PLACE_WITHIN.get(second) != first
