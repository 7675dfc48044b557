import pytest

from harness.config.catalogue import Catalogue
from harness.report.sections.languages.facts import language_facts


def test_every_language_of_the_classification_targets_has_its_facts():
    corpora = Catalogue.load().corpora
    languages = {code for name in ("xnli", "pawsx", "mini_nli") for code in corpora[name].languages}
    assert languages <= language_facts().keys()


def test_distances_rise_from_english_over_its_kin_to_other_families():
    distance = {code: facts.distance for code, facts in language_facts().items()}
    assert distance["en"] == pytest.approx(0)
    assert all(0 <= value <= 1 for value in distance.values())
    assert distance["de"] < distance["fr"] < distance["zh"] < distance["hi"] < distance["tr"]


def test_sizes_are_those_of_the_published_table():
    gib = {code: facts.gibibytes for code, facts in language_facts().items()}
    assert (gib["en"], gib["ru"], gib["sw"], gib["ur"]) == (300.8, 278.0, 1.6, 5.7)
