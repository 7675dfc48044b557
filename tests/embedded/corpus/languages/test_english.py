import re

from tests.embedded.corpus.spelled import found, sentences


def test_articles_fit_the_next_sound() -> None:
    assert found(r"\ban? \w+", "en")
    assert not found(r"\ba [aeiou]|\ban [^aeiou]", "en")


def test_auxiliaries_agree_with_the_subject() -> None:
    plural = r"^(all the|some|more than|fewer than|two|three|four|five|six) "
    checked = [text for text in sentences("en") if re.match(plural, text, re.I)]
    assert len(checked) > 500
    assert all(" are " in text and " is " not in text for text in checked)


def test_denied_verbs_are_bare() -> None:
    assert not found(r"did not \w+(?<!e)ed\b", "en")
