import re

from harness.embedded.corpus.languages import GRAMMARS
from harness.embedded.corpus.meaning import Doing, Quality
from tests.embedded.corpus.spelled import sentences

# The first word of a sentence → the prefixes its verb may bear: affirmed, denied.
CONCORDS = {
    "Gari Basi Shati Koti Gauni Dirisha Tunda Tufaha Chungwa": ("li", "hali"),
    "Kiti Kitanda Kitabu Chumba": ("ki", "haki"),
    "Mlango": ("u", "hau"),
    "Baiskeli Meza Nyumba Chupa Supu Ndizi": ("i", "hai"),
    "Mwanamume Mwanamke Mvulana Msichana Mwalimu Daktari Mkulima Mwanafunzi Mtu Mnyama": ("a", "ha"),
}


def test_verbs_agree_with_the_class_of_their_subject() -> None:
    prefixes = {noun: pair for nouns, pair in CONCORDS.items() for noun in nouns.split()}
    checked = 0
    for text in sentences("sw"):
        noun, verb, *_ = re.split(r"[ .]", text)
        if noun not in prefixes or verb in {
            "ni",
            "si",
            "yuko",
            "mzee",
            "mrefu",
            "mfupi",
            "tajiri",
            "maskini",
            "kijana",
        }:
            continue
        affirmed, denied = prefixes[noun]
        tense = "(li|me|na)" if affirmed != "a" else "(li|na)"
        assert re.match(rf"({affirmed}{tense}|{denied}(ku|ja)|hana$)", verb), text
        checked += 1
    assert checked > 1000


def test_plural_subjects_take_the_plural_prefix() -> None:
    plural = [
        text
        for text in sentences("sw")
        if re.search(r"\b(wote|wawili|watatu|wanne|watano|sita)\b|^Baadhi", text)
    ]
    assert len(plural) > 300
    assert all(re.search(r" wana\w+", text) for text in plural)


def test_none_is_followed_by_a_relative() -> None:
    none = [text for text in sentences("sw") if text.startswith("Hakuna ")]
    assert len(none) > 50
    assert all(re.match(r"Hakuna [\w']+ anaye\w+", text) for text in none)


def test_adjectives_agree_in_each_class() -> None:
    said = GRAMMARS["sw"].sentence
    assert said(Quality("room", "big")) == "Chumba ni kikubwa."
    assert said(Quality("bed", "new")) == "Kitanda ni kipya."
    assert said(Quality("window", "new")) == "Dirisha ni jipya."
    assert said(Quality("door", "small")) == "Mlango ni mdogo."
    assert said(Quality("table", "small")) == "Meza ni ndogo."
    assert said(Quality("dog", "small")) == "Mbwa ni mdogo."
    assert said(Quality("car", "old")) == "Gari ni la zamani."


def test_persons_as_objects_are_marked_on_the_verb() -> None:
    said = GRAMMARS["sw"].sentence
    assert said(Doing("doctor", "rescue", "teacher", definite=True)) == "Daktari alimwokoa mwalimu."
    assert (
        said(Doing("woman", "choose", "farmer", definite=True, negated=True))
        == "Mwanamke hakumchagua mkulima."
    )
