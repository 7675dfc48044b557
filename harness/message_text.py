"""What messages show of names and values that come from files: short, and without effect on a terminal."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

LONGEST_VALUE = 80
_LONGEST_LIST = 400
_LONGEST_SOUGHT = 120
# Control characters, halves of characters, unassigned and private ones, and line and paragraph separators.
_NOT_SHOWN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def cut(text: str, most: int = LONGEST_VALUE) -> str:
    """Return a text cut after `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def in_short(value: object, most: int = LONGEST_VALUE) -> str:
    """Return a value as Python writes it, cut after `most` characters."""
    return cut(repr(value), most)


def names_in_short(names: Iterable[str], most: int = _LONGEST_LIST) -> str:
    """Return names with commas between, each cut; after some `most` characters the others are counted."""
    return _list([cut(name) for name in names], most)


def values_in_short(values: Iterable[object], most: int = _LONGEST_LIST) -> str:
    """Return values as Python writes them, else as `names_in_short` does names."""
    return _list([in_short(value) for value in values], most)


def how_many(count: int, noun: str) -> str:
    """Return a count with its noun, which has an s where there is not one: `1 stage`, `1,200 stages`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def duration(seconds: float | None) -> str:
    """Return a time in words: `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`; an unknown one is `?`."""
    if seconds is None:
        return "?"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s" if whole or seconds <= 0 else "<1 s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says; of one that says nothing, its type."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `did you mean 'x'? ` for the known name that is nearest, or nothing if none is near."""
    near = get_close_matches(name.lower()[:_LONGEST_SOUGHT], list(known), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'? " if near else ""


def printable(text: str) -> str:
    """Return a message with what a terminal would obey, or could not print, written as Python escapes it."""
    return "".join(
        character
        if character in "\n\t" or unicodedata.category(character) not in _NOT_SHOWN
        else repr(character)[1:-1]
        for character in text
    )


def _list(texts: list[str], most: int) -> str:
    length = 0
    for count, text in enumerate(texts):
        length += len(text) + 2
        if count and length > most:
            return f"{', '.join(texts[:count])} and {len(texts) - count:,} more"
    return ", ".join(texts)
