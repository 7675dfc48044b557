import pytest

from harness.report.sections.languages.facts import language_facts
from harness.report.sections.languages.text import language_sentences, language_tables
from harness.report.sections.languages.transfer import DISTANCE, GAIN, SCORE, SIZE, language_transfer
from harness.report.sections.scores.statistics import target_statistics
from tests.report.experiments import ACCURACY, board, columns, scored_row

CODES = ("en", "de", "es", "fr", "ru", "sw", "tr", "zh")
FACTS = language_facts()


def transfer(gain_by_distance, codes=CODES, known=CODES):
    """Accuracies that fall with the distance; gains that grow with it."""
    base = {code: 0.8 - 0.4 * (FACTS[code].distance if code in known else 0.3) for code in codes}
    helped = {
        code: value + 0.01 + gain_by_distance * (FACTS[code].distance if code in known else 0.3)
        for code, value in base.items()
    }
    rows = [scored_row((), {1: base, 2: base}), scored_row(("rte",), {1: helped, 2: helped})]
    made = board(rows, {"xnli": columns("xnli", codes)}, (1, 2))
    return language_transfer(made, "xnli", target_statistics(made, "xnli", None))


def test_finds_the_associations_that_were_put_in():
    found = {(a.measure, a.factor): a for a in transfer(0.1).associations}
    assert found.keys() == {(m, f) for m in (SCORE, GAIN) for f in (DISTANCE, SIZE)}
    assert found[SCORE, DISTANCE].spearman.value == -1.0
    assert found[SCORE, DISTANCE].kendall.value == -1.0
    assert found[SCORE, DISTANCE].pearson.value == pytest.approx(-1)
    assert found[GAIN, DISTANCE].spearman.value == 1.0
    assert {a.languages for a in found.values()} == {7}


def test_gap_and_its_change_are_english_minus_the_others():
    rows = {row.sequence: row for row in transfer(0.1).rows}
    others = [FACTS[code].distance for code in CODES[1:]]
    mean = sum(others) / len(others)
    assert rows["xnli"].gap.mean == pytest.approx(0.4 * mean)
    assert rows["xnli"].gap_change is None
    assert rows["rte → xnli"].gap_change.mean == pytest.approx(-0.1 * mean)
    assert rows["rte → xnli"].gain_distance.value == 1.0
    assert rows["xnli"].gain_distance is None


def test_the_sentences_say_what_was_found_and_how_little_seven_languages_tell():
    text = " ".join(language_sentences(transfer(0.1), ACCURACY))
    accuracy, gain = (part for part in text.split(". ") if "distance to English" in part)
    assert "negatively correlated" in accuracy and "ρ -1.00, p <0.001, 7 languages" in accuracy
    assert "positively correlated" in gain
    assert "not independent" in text.split("Limits:")[1]
    assert len(list(language_tables(transfer(0.1), ACCURACY))) == 3


def test_an_unknown_language_is_left_out_by_name_and_three_are_too_few():
    text = " ".join(language_sentences(transfer(0.1, (*CODES, "xx")), ACCURACY))
    assert text.endswith(": xx.")
    few = transfer(0.1, ("en", "de", "sw", "zh"))
    assert few.associations == ()
    assert "No correlation over 3 languages" in " ".join(language_sentences(few, ACCURACY))
