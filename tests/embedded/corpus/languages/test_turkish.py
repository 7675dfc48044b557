import pytest

from harness.embedded.corpus.languages.turkish import NOUNS, ablative, accusative, dative, plural
from tests.embedded.corpus.spelled import found, sentences

BACK, FRONT = "aıou", "eiöüİÜ"  # only İ and Ü begin a numeral
VOWELS = BACK + FRONT
# Written out by hand: singular → accusative, dative, ablative.
FORMS = {
    "man": ("adamı", "adama", "adamdan"),
    "woman": ("kadını", "kadına", "kadından"),
    "boy": ("erkek çocuğu", "erkek çocuğa", "erkek çocuktan"),
    "girl": ("kızı", "kıza", "kızdan"),
    "teacher": ("öğretmeni", "öğretmene", "öğretmenden"),
    "doctor": ("doktoru", "doktora", "doktordan"),
    "farmer": ("çiftçiyi", "çiftçiye", "çiftçiden"),
    "student": ("öğrenciyi", "öğrenciye", "öğrenciden"),
    "dog": ("köpeği", "köpeğe", "köpekten"),
    "cow": ("ineği", "ineğe", "inekten"),
    "horse": ("atı", "ata", "attan"),
    "book": ("kitabı", "kitaba", "kitaptan"),
    "bus": ("otobüsü", "otobüse", "otobüsten"),
    "coat": ("paltoyu", "paltoya", "paltodan"),
    "door": ("kapıyı", "kapıya", "kapıdan"),
    "bed": ("yatağı", "yatağa", "yataktan"),
}


@pytest.mark.parametrize("noun", FORMS)
def test_case_forms(noun: str) -> None:
    assert (accusative(noun), dative(noun), ablative(noun)) == FORMS[noun]


@pytest.mark.parametrize("noun", NOUNS)
def test_suffixes_are_in_harmony_with_the_stem(noun: str) -> None:
    for inflected in (plural(noun), accusative(noun), dative(noun), ablative(noun)):
        *_, before, last = [letter for letter in inflected if letter in VOWELS]
        assert (before in BACK) == (last in BACK), inflected


def test_plural_and_ablative_endings_in_the_sentences() -> None:
    for pattern in (r"\w{2,}l([ae])r\b", r"\b(?!tarafından)\w{2,}[dt]([ae])n (?:daha|fazla|az|bir|satın)\b"):
        matches = found(pattern, "tr")
        assert matches
        for match in matches:
            stem_vowels = [
                letter for letter in match[0][: match.start(1) - match.start()] if letter in VOWELS
            ]
            assert (stem_vowels[-1] in BACK) == (match[1] == "a"), match[0]


def test_hard_stops_are_followed_by_t() -> None:
    assert not found(r"[pçtkfhsş]d[ae]n\b", "tr")


def test_a_numeral_takes_the_singular() -> None:
    assert not found(r"\b(iki|üç|dört|beş|altı|fazla|az|hiçbir) (erkek )?\w+l[ae]r\b", "tr")


def test_i_keeps_its_dot() -> None:
    starts = {text[0] for text in sentences("tr")}
    assert "İ" in starts
    assert not starts & {"I", "i", "ı"}
