"""The order test against scipy, statsmodels and simulated truth."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.anova import anova_lm

from harness.leaderboard.order.permutation import order_test

from .simulated import all_orders, simulated


def test_two_orders_are_tested_as_scipy_permutes_pairs():
    rng = np.random.default_rng(1)
    for _ in range(5):
        scores = simulated(rng, (("a", "b"), ("b", "a")), seeds=7, order=0.005)
        expected = stats.permutation_test(
            tuple(scores.averages),
            lambda x, y, axis: (x - y).mean(axis=axis),
            permutation_type="samples",
            vectorized=True,
        ).pvalue
        found = order_test(scores)
        assert found.exact
        assert found.p == pytest.approx(expected, abs=1e-6)
        assert found.smallest_p == pytest.approx(2**-6)


def test_drawn_relabellings_come_near_to_all_of_them(monkeypatch):
    scores = simulated(np.random.default_rng(2), seeds=3, order=0.004)
    scores = type(scores)(scores.orders[4:10], scores.languages, scores.scores[4:10])
    exact = order_test(scores)
    monkeypatch.setattr("harness.leaderboard.order.permutation._MOST_ENUMERATED", 0)
    drawn = order_test(scores)
    assert exact.exact
    assert not drawn.exact
    assert drawn.p == pytest.approx(exact.p, abs=0.02)


def test_the_f_test_is_that_of_statsmodels():
    scores = simulated(np.random.default_rng(3), all_orders(shortest=3), seeds=4, order=0.01)
    rows, seeds = scores.averages.shape
    frame = pd.DataFrame(
        {
            "y": scores.averages.ravel(),
            "row": np.repeat(range(rows), seeds),
            "seed": np.tile(range(seeds), rows),
        }
    )
    table = anova_lm(smf.ols("y ~ C(row) + C(seed)", frame).fit())
    found = order_test(scores)
    assert found.f == pytest.approx(table.loc["C(row)", "F"], abs=1e-6)
    assert found.f_p == pytest.approx(table.loc["C(row)", "PR(>F)"], abs=1e-6)
    assert found.f_degrees == (5, 15)


def rejections(simulations, order, seed, drawn=999, **changes):
    """Share of simulations in which the permutation test and the F-test reject at 0.05."""
    rng = np.random.default_rng(seed)
    found = [order_test(simulated(rng, order=order, tasks=0.02, **changes)) for _ in range(simulations)]
    return np.mean([[test.p < 0.05, test.f_p < 0.05] for test in found], axis=0)


@pytest.fixture
def few_draws(monkeypatch):
    monkeypatch.setattr("harness.leaderboard.order.permutation.DRAWS", 499)


def test_without_an_effect_it_rejects_about_one_time_in_twenty(few_draws):
    permutation, parametric = rejections(300, 0.0, 4)
    assert 0.02 <= permutation <= 0.085
    assert 0.02 <= parametric <= 0.085


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5])
def test_the_false_positive_rate_is_a_twentieth_over_1000_simulations(few_draws, seeds):
    permutation, parametric = rejections(1000, 0.0, 5 + seeds, seeds=seeds)
    print(f"{seeds} seeds: permutation {permutation:.3f}, F {parametric:.3f}")
    assert 0.03 <= permutation <= 0.07
    assert 0.03 <= parametric <= 0.07


def test_power_rises_with_the_effect_and_the_seeds(few_draws):
    small, _ = rejections(100, 0.004, 6)
    large, _ = rejections(100, 0.012, 6)
    more_seeds, _ = rejections(100, 0.004, 6, seeds=12)
    assert small < large
    assert small < more_seeds
    assert large > 0.9


@pytest.mark.slow
def test_power_is_that_predicted_over_1000_simulations(few_draws):
    """Of normal effects the F ratio is (1 + seeds · order² / run²) times a central F: its power is known.

    The permutation test knows the scatter from the permuted rows alone, so that it finds somewhat less.
    """
    run, rest, languages, seeds = 0.01, 0.003, 5, 4
    noise = run**2 + rest**2 / languages
    found = []
    for number, order in enumerate((0.002, 0.004, 0.006, 0.01)):
        permutation, parametric = rejections(1000, order, 20 + number, seeds=seeds, run=run, rest=rest)
        degrees = order_test(simulated(np.random.default_rng(0), seeds=seeds)).f_degrees
        scale = 1 + seeds * order**2 / noise
        predicted = stats.f.sf(stats.f.isf(0.05, *degrees) / scale, *degrees)
        print(
            f"order sd {order}: permutation {permutation:.3f}, F {parametric:.3f}, predicted {predicted:.3f}"
        )
        assert parametric == pytest.approx(predicted, abs=0.04)
        assert predicted - 0.12 <= permutation <= predicted + 0.03
        found.append((permutation, parametric))
    assert found == sorted(found)


def test_sequences_without_a_partner_are_not_tested():
    assert order_test(simulated(np.random.default_rng(7), ((), ("a",), ("b",)))) is None


def test_one_seed_tests_nothing():
    found = order_test(simulated(np.random.default_rng(8), seeds=1))
    assert (found.p, found.smallest_p, found.f) == (1.0, 1.0, None)


def test_equal_scores_give_no_evidence():
    scores = simulated(np.random.default_rng(9), run=0.0, rest=0.0, seed=0.0)
    found = order_test(scores)
    assert found.p == 1.0
