"""How the texts of answers are compared, as SQuAD and MLQA define it."""

import re
import unicodedata

_ARTICLES = re.compile(r"\b(a|an|the)\b")
# Scripts without blanks between words: MLQA (Lewis et al. 2020) compares their characters.
_UNSPACED = re.compile(r"([\u2e80-\u2fdf\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f])")


def answer_words(text: str) -> list[str]:
    """Return an answer's words: lower case, without punctuation and English articles.

    Characters of Chinese, Japanese and Thai are words of their own.
    """
    bare = "".join(char for char in text.lower() if not unicodedata.category(char).startswith("P"))
    return _UNSPACED.sub(r" \1 ", _ARTICLES.sub(" ", bare)).split()
