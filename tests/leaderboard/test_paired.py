"""Comparisons of two rows against scipy, statsmodels and simulated truth."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from harness.leaderboard import paired
from harness.leaderboard.contrast import holm, item_part
from harness.leaderboard.paired import clustered_mcnemar, item_permutation
from harness.leaderboard.ties import shared_ranks, tie_groups
from harness.leaderboard.uncertainty import estimate

from .experiments import ORDERS, answers, table_of

NAMES = tuple(">".join((*order, "xnli")) for order in ORDERS)


def compared(right, orders=ORDERS):
    return estimate(table_of(right, orders)).comparisons


def test_mcnemar_of_one_language_is_that_of_statsmodels():
    rng = np.random.default_rng(0)
    first, second = rng.random(400) < 0.62, rng.random(400) < 0.55
    table = [[np.sum(a & b) for b in (second, ~second)] for a in (first, ~first)]
    expected = mcnemar(table, exact=False, correction=False).pvalue
    found = clustered_mcnemar(first.astype(np.int64) - second.astype(np.int64))
    assert found == pytest.approx(expected, abs=1e-9)


def test_mcnemar_takes_languages_of_one_item_as_one_observation():
    rng = np.random.default_rng(1)
    rejected = {"clustered": 0, "naive": 0}
    for _ in range(300):
        item = rng.integers(-1, 2, 200)
        differences = np.repeat(item[None], 4, axis=0)
        rejected["clustered"] += clustered_mcnemar(differences.sum(axis=0)) < 0.05
        rejected["naive"] += clustered_mcnemar(differences.ravel()) < 0.05
    assert 0.02 <= rejected["clustered"] / 300 <= 0.08
    assert rejected["naive"] / 300 > 0.2


def test_the_permutation_of_items_agrees_with_scipys():
    rng = np.random.default_rng(2)
    values = np.stack([rng.random(150) + 0.04, rng.random(150)])
    (found,) = item_permutation(values, [(0, 1)])
    expected = stats.permutation_test(
        (values[0] - values[1],),
        np.sum,
        permutation_type="samples",
        n_resamples=50_000,
        rng=np.random.default_rng(3),
    ).pvalue
    assert found == pytest.approx(expected, abs=0.015)


@pytest.mark.parametrize("items", [2, 8, 13])
def test_the_permutation_of_few_items_is_scipys_exact_enumeration(items):
    rng = np.random.default_rng(items)
    for _ in range(5):
        values = rng.integers(0, 6, (2, items)) / 3
        (found,) = item_permutation(values, [(0, 1)])
        exact = stats.permutation_test((values[0] - values[1],), np.sum, permutation_type="samples").pvalue
        assert found == pytest.approx(exact, abs=1e-9)


def test_holm_is_that_of_statsmodels():
    p = [0.001, 0.04, 0.03, 0.2, 0.011]
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], atol=1e-12)
    assert holm([]) == []


def test_with_one_seed_the_p_value_is_that_of_a_paired_t_test_over_items():
    right = answers(np.random.default_rng(4), 2, 1, 3, 500, [0, 0.15])
    (pair,) = compared(right, [(), ("rte",)]).pairs
    means = right[:, 0].mean(axis=1)
    assert pair.p == pytest.approx(stats.ttest_rel(means[0], means[1]).pvalue, abs=1e-6)
    assert pair.p_mcnemar == pytest.approx(pair.p, abs=0.02)
    assert pair.p_items == pytest.approx(pair.p, abs=0.02)


def test_without_items_noise_two_rows_are_compared_by_a_paired_t_test_over_seeds():
    """Whole runs are right or wrong on a prefix of items, so that only the seeds differ."""
    counts = np.array([[610, 640, 655, 620], [580, 633, 611, 600]])
    right = (np.arange(1000) < counts[:, :, None, None]).astype(np.int8)
    (pair,) = compared(right, [("a",), ("b",)]).pairs
    expected = stats.ttest_rel(*counts).pvalue
    assert pair.p == pytest.approx(expected, abs=0.04)


@pytest.mark.slow
def test_p_values_of_equal_sequences_are_below_a_twentieth_one_time_in_twenty(monkeypatch):
    """Over 1,000 simulations; the permutations of items, which `p` does not depend on, are kept short."""
    monkeypatch.setattr(paired, "PERMUTATIONS", 9)
    rng, p, intervals = np.random.default_rng(5), [], []
    for _ in range(1000):
        pairs = compared(answers(rng, 5, 3, 3, 150, seed_sd=0.15)).pairs
        p.append([pair.p for pair in pairs])
        intervals.append([not pair.interval.covers_zero for pair in pairs])
    print(f"p below 0.05: {np.mean(np.array(p) < 0.05):.3f}")
    assert 0.03 <= np.mean(np.array(p) < 0.05) <= 0.07
    assert np.mean((np.array(p) < 0.05) == np.array(intervals)) > 0.98


@pytest.mark.slow
def test_holm_keeps_a_table_of_equal_rows_together(monkeypatch):
    monkeypatch.setattr(paired, "PERMUTATIONS", 9)
    rng, wrong = np.random.default_rng(6), 0
    for _ in range(1000):
        wrong += any(pair.apart for pair in compared(answers(rng, 5, 3, 2, 100)).pairs)
    print(f"a table with a pair wrongly apart: {wrong / 1000:.3f}")
    assert wrong / 1000 <= 0.07


def test_every_pair_is_compared_the_better_first_largest_difference_first():
    pairs = compared(answers(np.random.default_rng(7), 5, 2, 2, 300, [0, 1, 0, 0.5, 0])).pairs
    assert len(pairs) == 10
    assert all(pair.difference >= 0 and pair.p_holm >= pair.p for pair in pairs)
    assert [p.difference for p in pairs] == sorted((p.difference for p in pairs), reverse=True)
    assert pairs[0].first == NAMES[1]


def matrix(size, *pairs):
    apart = np.zeros((size, size), bool)
    for first, second in pairs:
        apart[first, second] = apart[second, first] = True
    return apart


def test_a_rank_counts_the_better_rows_that_a_row_is_told_apart_from():
    assert shared_ranks(matrix(4)) == [1, 1, 1, 1]
    # 0 is apart from all, 1 and 3 are apart, but both are tied with 2
    apart = matrix(4, (0, 1), (0, 2), (0, 3), (1, 3))
    assert shared_ranks(apart) == [1, 2, 2, 3]
    assert tie_groups(apart) == ["a", "b", "bc", "c"]


def test_rows_share_a_letter_exactly_when_they_are_not_apart():
    rng = np.random.default_rng(8)
    for _ in range(200):
        upper = np.triu(rng.random((9, 9)) < rng.random(), 1)
        apart = upper | upper.T
        letters = [set(text.split()) if " " in text else set(text) for text in tie_groups(apart)]
        for first in range(9):
            assert letters[first]
            for second in range(first):
                assert bool(letters[first] & letters[second]) != apart[first, second]


def test_more_than_26_tie_groups_are_told_apart_by_spaces():
    letters = tie_groups(~np.eye(30, dtype=bool))
    assert letters[0] == "a"
    assert letters[-1] == "ad"


def test_p_values_of_all_pairs_at_once_are_those_of_the_differences_themselves():
    right = answers(np.random.default_rng(10), 5, 3, 2, 200, [0, 0.3, 0, 0.1, 0])
    values = table_of(right, ORDERS).influence_values()
    found = estimate(table_of(right, ORDERS))
    contrasts = found.contrasts
    first, second = np.triu_indices(5, 1)
    noise = 2 * contrasts.mean_square / 3
    for one, other, p in zip(first, second, contrasts.pair_p_values(first, second), strict=True):
        difference = values[one] - values[other]
        items = item_part(difference)[1]
        degrees = (items + noise) ** 2 / (items**2 / 199 + noise**2 / contrasts.degrees)
        expected = 2 * stats.t.sf(abs(difference.mean()) / np.sqrt(items + noise), degrees)
        assert p == pytest.approx(expected, rel=1e-9)
        assert contrasts.pair(one, other).p == pytest.approx(expected, rel=1e-9)


def test_a_very_large_table_keeps_the_pairs_of_its_best_row_and_all_ranks(monkeypatch):
    right = answers(np.random.default_rng(7), 5, 2, 2, 300, [0, 1, 0, 0.5, 0])
    whole = compared(right)
    monkeypatch.setattr(paired, "MOST_PAIRS", 0)
    monkeypatch.setattr(paired, "KEPT_PAIRS", 1)
    few = compared(right)
    assert (few.apart == whole.apart).all()
    assert few.pairs == tuple(pair for pair in whole.pairs if pair.first == NAMES[1])
    assert few.permuted == whole.permuted
    assert (few.permuted_compared, few.permuted_apart) == (1, int(whole.permuted[0].apart))
