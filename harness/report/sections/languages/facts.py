"""What is known of languages apart from their scores: distance to English and amount of pretraining text.

`typology.json` holds 103 binary syntactic features a language from URIEL, `pretraining.json` the size of each
language in the corpus of XLM-R, `families.json` names and families; each names its source.
"""

import json
import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from harness.frozen_model import FrozenModel

ENGLISH = "en"


class LanguageFamily(FrozenModel):
    """A language's name in English and its family; of Indo-European languages the branch."""

    name: str
    family: str


class LanguageFacts(FrozenModel):
    """A language by its two-letter code.

    Attributes:
        distance: Syntactic distance to English: 1 − cos of the two languages' binary feature vectors, 0 to 1.
        gibibytes: Its text in XLM-R's pretraining corpus.
    """

    language: str
    name: str
    distance: float
    gibibytes: float


@cache
def language_families() -> Mapping[str, LanguageFamily]:
    """Return names and families by two-letter code, of more languages than have all facts."""
    languages = _table("families.json")["languages"]
    return {code: LanguageFamily.model_validate(entry) for code, entry in languages.items()}


@cache
def language_facts() -> Mapping[str, LanguageFacts]:
    """Return the facts of all languages that both tables hold, by code, English included.

    The distance is one minus the cosine similarity of URIEL's syntax vectors, as used by Lauscher et al.
    2020, "From Zero to Hero" (https://aclanthology.org/2020.emnlp-main.363).
    """
    typology, pretraining = _table("typology.json"), _table("pretraining.json")["languages"]
    vectors = {code: [int(bit) for bit in entry["syntax"]] for code, entry in typology["languages"].items()}
    return {
        code: LanguageFacts(
            language=code,
            name=typology["languages"][code]["name"],
            distance=_distance(vector, vectors[ENGLISH]),
            gibibytes=pretraining[code],
        )
        for code, vector in vectors.items()
        if code in pretraining
    }


def _distance(first: list[int], second: list[int]) -> float:
    shared = sum(a * b for a, b in zip(first, second, strict=True))
    # Vectors of zeros and ones: the squared norm is the number of ones.
    return 1 - shared / math.sqrt(sum(first) * sum(second))


def _table(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return content
