import numpy as np
import pytest

from harness.training.scoring.answers import answer_f1, exact_match
from harness.training.scoring.predictions import best_span
from harness.training.scoring.spans import span_f1, tagged_spans


def test_answers_are_compared_without_case_articles_and_punctuation():
    assert exact_match("the Rome.", ["Oslo", "Rome"]) == 1
    assert exact_match("in Rome", ["Rome"]) == 0
    assert answer_f1("in Rome", ["Rome", "Oslo"]) == pytest.approx(2 / 3)
    assert answer_f1("", []) == exact_match("", []) == 1
    assert answer_f1("Rome", []) == 0


def test_characters_of_scripts_without_blanks_are_words():
    assert answer_f1("北京市", ["北京"]) == pytest.approx(0.8)


def test_spans_end_where_another_begins():
    tags = ["B-PER", "I-PER", "B-PER", "O", "I-LOC", "I-LOC", "I-ORG"]
    assert tagged_spans(tags) == {("PER", 0, 2), ("PER", 2, 3), ("LOC", 4, 6), ("ORG", 6, 7)}


def test_f1_counts_whole_spans_over_all_sentences():
    gold = [["B-PER", "I-PER"], ["B-LOC", "O"]]
    guess = [["B-PER", "O"], ["B-LOC", "B-LOC"]]
    assert span_f1(gold, guess) == pytest.approx(2 * 1 / (2 + 3))
    assert span_f1(gold, gold) == 1
    assert span_f1([["O"]], [["O"]]) == 0


def test_the_best_span_does_not_end_before_it_begins_nor_outside_of_the_context():
    scores = np.zeros((2, 6))
    scores[0] = [9, 0, 1, 0, 5, 0]
    scores[1] = [9, 0, 7, 3, 1, 9]
    allowed = np.array([False, True, True, True, True, False])
    assert best_span(scores, allowed) == (8.0, 2, 2)
