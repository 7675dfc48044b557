"""How the texts of answers are compared: as SQuAD does it, and as MLQA does it for each language."""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

Words = Callable[[str], list[str]]
"""An answer -> the words that count."""

_ENGLISH_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
# What MLQA's script takes off, flaws included: its Arabic pattern also cuts into words, and its first
# half can never match.
_MLQA_ARTICLES = {
    "en": _ENGLISH_ARTICLES,
    "es": re.compile(r"\b(un|una|unos|unas|el|la|los|las)\b"),
    "vi": re.compile(r"\b(của|là|cái|chiếc|những)\b"),
    "de": re.compile(r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    "ar": re.compile(r"\sال^|ال"),
}
_CHINESE_CHARACTER = re.compile(r"([\u4e00-\u9fa5])")


def squad_words(text: str) -> list[str]:
    """Return an answer's words: lower case, without ASCII punctuation and English articles.

    The same in every language, as in the script of SQuAD 1.1 (Rajpurkar et al. 2016), by which XTREME also
    scores XQuAD and TyDiQA-GoldP.
    """
    return _ENGLISH_ARTICLES.sub(" ", text.lower().translate(_NO_ASCII_PUNCTUATION)).split()


def mlqa_words(language: str) -> Words:
    """Return how MLQA (Lewis et al. 2020, mlqa_evaluation_v1.py) takes answers of a language apart.

    Lower case, without Unicode's punctuation and the language's own articles; Chinese characters are words of
    their own. A language that MLQA does not have is taken apart at blanks.
    """
    articles = _MLQA_ARTICLES.get(language)

    def words(text: str) -> list[str]:
        bare = "".join(char for char in text.lower() if not _is_punctuation(char))
        bare = articles.sub(" ", bare) if articles else bare
        return (_CHINESE_CHARACTER.sub(r" \1 ", bare) if language == "zh" else bare).split()

    return words


def _is_punctuation(char: str) -> bool:
    return char in string.punctuation or unicodedata.category(char).startswith("P")


def answer_f1(prediction: str, answers: Sequence[str], words: Words) -> float:
    """Return the best F1 of the words against an answer; where none is due, whether none is given.

    An answer of which no word is left shares none, as in SQuAD 1.1.
    """
    guess = words(prediction)
    if not answers:
        return float(not guess)
    return max(_f1(guess, words(answer)) for answer in answers)


def exact_match(prediction: str, answers: Sequence[str], words: Words) -> float:
    """Return 1 for a prediction with the words of an answer in order, or with none where none is due."""
    guess = words(prediction)
    return float(any(guess == words(answer) for answer in answers) if answers else not guess)


def _f1(predicted: list[str], gold: list[str]) -> float:
    shared = (Counter(predicted) & Counter(gold)).total()
    return 2 * shared / (len(predicted) + len(gold)) if shared else 0.0
