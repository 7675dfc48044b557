"""Names that stand on pages as they are: of tasks, languages and the like."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

_ACTIVE = re.compile(r"[\\`*~<>&|]|\](?=[(\[:])")


def plain(text: str) -> str:
    """Make one line of a text: no control, format or private characters, no line breaks."""
    kept = "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    return " ".join(kept.split())


def _harmless(name: str) -> str:
    if name != plain(name) or _ACTIVE.search(name):
        raise ValueError(f"{plain(name)[:80]!r} cannot stand on a page: markup or control characters")
    return name


ShownName = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_harmless)]
"""A name in a table without any escapes; a board may come from anyone."""
