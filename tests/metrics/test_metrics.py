import numpy as np
import pytest
from scipy import stats

from harness.metrics.base import Metric, ratio_of_sums
from harness.metrics.registry import METRICS, metric
from harness.metrics.span_f1 import tagged_spans
from harness.metrics.tag_chunk_f1 import tag_chunks
from harness.registry import UnknownNameError


def test_every_metric_is_found_by_its_name():
    for name in METRICS.names():
        found = metric(name)
        assert isinstance(found, Metric)
        assert found.name == name


def test_an_unknown_metric_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="'pearsons'; did you mean 'pearson'"):
        metric("pearsons")


def test_answers_are_compared_without_case_articles_and_punctuation():
    exact, f1 = metric("exact_match"), metric("answer_f1")
    assert exact.score(["the Rome.", "in Rome", ""], [["Oslo", "Rome"], ["Rome"], []]) == pytest.approx(2 / 3)
    assert f1.item_scores(["in Rome", "", "Rome"], [["Rome", "Oslo"], [], []]) == [
        (pytest.approx(2 / 3), 1),
        (1, 1),
        (0, 1),
    ]


def test_only_mlqa_takes_chinese_apart_and_articles_of_other_languages_off():
    f1 = {name: metric(name).for_language("zh") for name in ("answer_f1", "mlqa_f1")}
    assert f1["answer_f1"].score(["北京市"], [["北京"]]) == 0
    assert f1["mlqa_f1"].score(["北京市"], [["北京"]]) == pytest.approx(0.8)
    assert metric("exact_match").for_language("de").score(["der Rhein"], [["Rhein"]]) == 0
    assert metric("mlqa_exact_match").for_language("de").score(["der Rhein"], [["Rhein"]]) == 1


def test_an_answer_of_which_no_word_is_left_shares_none():
    assert metric("answer_f1").score(["the"], [["a"]]) == 0
    assert metric("exact_match").score(["the"], [["a"]]) == 1


def test_neighbors_with_one_tag_are_a_chunk_but_for_tags_in_s():
    assert tag_chunks(["NOUN", "NOUN", "SYM", "SYM", "INTJ", "INTJ", "X"]) == {
        ("NOUN", 0, 2),
        ("SYM", 2, 3),
        ("SYM", 3, 4),
        ("INTJ", 4, 6),
        ("X", 6, 7),
    }


def test_spans_end_where_another_begins():
    tags = ["B-PER", "I-PER", "B-PER", "O", "I-LOC", "I-LOC", "I-ORG"]
    assert tagged_spans(tags) == {("PER", 0, 2), ("PER", 2, 3), ("LOC", 4, 6), ("ORG", 6, 7)}


def test_span_f1_counts_whole_spans_over_all_sentences():
    gold = [["B-PER", "I-PER"], ["B-LOC", "O"]]
    guess = [["B-PER", "O"], ["B-LOC", "B-LOC"]]
    f1 = metric("span_f1")
    assert f1.score(guess, gold) == pytest.approx(2 * 1 / (2 + 3))
    assert f1.score(gold, gold) == 1
    assert f1.score([["O"]], [["O"]]) == 0


def test_token_accuracy_weighs_every_word_alike():
    assert metric("token_accuracy").score([["X"], ["X", "Y", "Y"]], [["X"], ["X", "X", "X"]]) == 0.5


def _drawn(items: int, ties: bool) -> tuple[list[float], list[float]]:
    random = np.random.default_rng(3)
    x = random.standard_normal(items)
    y = 0.6 * x + 0.8 * random.standard_exponential(items)
    return (np.round(2 * x).tolist(), np.round(y).tolist()) if ties else (x.tolist(), y.tolist())


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("name", "oracle"), [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)])
def test_correlations_are_means_whose_variance_is_theirs(name: str, oracle, ties: bool):
    x, y = _drawn(400, ties)
    scores = metric(name).item_scores(x, y)
    values = np.array([score.numerator for score in scores])
    assert {score.denominator for score in scores} == {1}
    assert ratio_of_sums(scores) == pytest.approx(oracle(x, y).statistic, abs=1e-12)
    random = np.random.default_rng(5)
    drawn = [random.integers(0, len(x), len(x)) for _ in range(2000)]
    bootstrap = np.std([oracle(np.take(x, rows), np.take(y, rows)).statistic for rows in drawn])
    assert values.std() / np.sqrt(len(x)) == pytest.approx(bootstrap, rel=0.08)


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_constant_predictions_have_no_correlation(name: str):
    assert metric(name).score([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) == 0
