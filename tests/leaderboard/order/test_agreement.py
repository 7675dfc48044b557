import numpy as np
import pytest
from scipy import stats

from harness.leaderboard.order.agreement import (
    kendall_tau,
    kendall_w,
    languages_agreement,
    seed_halves_agreement,
    targets_agreement,
)

from .simulated import simulated


def w_from_ranks(ratings):
    """Kendall's W by its definition, without ties."""
    raters, ranked = ratings.shape
    sums = np.argsort(np.argsort(ratings, axis=1), axis=1).sum(axis=0) + raters
    return 12 * ((sums - sums.mean()) ** 2).sum() / (raters**2 * (ranked**3 - ranked))


def test_w_and_tau_are_those_of_their_definitions_and_of_scipy():
    ratings = np.random.default_rng(1).random((5, 7))
    assert kendall_w(ratings) == pytest.approx(w_from_ranks(ratings), abs=1e-9)
    assert kendall_tau(*ratings[:2]) == pytest.approx(stats.kendalltau(*ratings[:2])[0], abs=1e-12)
    assert kendall_w(np.tile(ratings[:1], (4, 1))) == pytest.approx(1)


def test_languages_that_follow_the_same_order_effect_agree():
    rng = np.random.default_rng(2)
    same = languages_agreement(simulated(rng, order=0.05, run=0.0, rest=0.0001))
    noise = languages_agreement(simulated(rng, order=0.0, run=0.0, rest=0.01))
    assert same.tau > 0.95
    assert same.w > 0.95
    assert abs(noise.tau) < 0.35
    assert (same.raters, same.ranked) == (5, 16)


def test_halves_of_the_seeds_agree_only_on_what_is_no_noise():
    rng = np.random.default_rng(3)
    assert seed_halves_agreement(simulated(rng, order=0.05)).tau > 0.7
    noise = np.mean([seed_halves_agreement(simulated(rng, order=0.0)).tau for _ in range(30)])
    assert abs(noise) < 0.1


@pytest.mark.parametrize(("seeds", "splits"), [(2, 1), (3, 3), (4, 3), (5, 15), (6, 10)])
def test_every_way_to_halve_the_seeds_counts_once(seeds, splits):
    assert seed_halves_agreement(simulated(np.random.default_rng(4), seeds=seeds)).raters == splits


def test_targets_are_compared_on_the_orders_they_share():
    rng = np.random.default_rng(5)
    one = simulated(rng, order=0.05)
    other = type(one)(one.orders[:9], one.languages, one.scores[:9] / 2)
    found = targets_agreement([one, other])
    assert (found.ranked, found.tau, found.w) == (9, 1.0, 1.0)


def test_two_sequences_are_no_ranking():
    two = simulated(np.random.default_rng(6), (("a",), ("b",)))
    assert languages_agreement(two) is None
    assert seed_halves_agreement(two) is None
    assert seed_halves_agreement(simulated(np.random.default_rng(6), seeds=1)) is None


def test_ties_all_over_give_no_number():
    tied = simulated(np.random.default_rng(7), run=0.0, rest=0.0)
    assert (languages_agreement(tied).tau, languages_agreement(tied).w) == (None, None)
