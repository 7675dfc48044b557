"""Exact match and F1 of answers, as SQuAD defines them (Rajpurkar et al. 2016, 2018)."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
# Scripts without blanks between words: MLQA (Lewis et al. 2020) compares their characters.
_UNSPACED = re.compile(r"([\u2e80-\u2fdf\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f])")


def answer_words(text: str) -> list[str]:
    """Return an answer's words: lower case, without punctuation and English articles.

    Characters of Chinese, Japanese and Thai are words of their own.
    """
    bare = "".join(char for char in text.lower() if not unicodedata.category(char).startswith("P"))
    return _UNSPACED.sub(r" \1 ", _ARTICLES.sub(" ", bare)).split()


def exact_match(prediction: str, answers: Sequence[str]) -> float:
    """Return 1.0 if the prediction has the words of an answer in their order; no answer is empty text."""
    return float(any(answer_words(prediction) == answer_words(answer) for answer in answers or [""]))


def answer_f1(prediction: str, answers: Sequence[str]) -> float:
    """Return the best F1, 0 to 1, of the prediction's words against an answer's; no answer is empty text."""
    return max(_f1(answer_words(prediction), answer_words(answer)) for answer in answers or [""])


def _f1(predicted: list[str], gold: list[str]) -> float:
    if not predicted or not gold:
        return float(predicted == gold)
    shared = (Counter(predicted) & Counter(gold)).total()
    return 2 * shared / (len(predicted) + len(gold))
