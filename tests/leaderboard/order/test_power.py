import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from harness.leaderboard import paired, uncertainty
from harness.leaderboard.order.power import power_of, seed_power, seeds_needed
from harness.leaderboard.uncertainty import estimate
from tests.leaderboard.experiments import table_of

from .simulated import simulated


@pytest.mark.parametrize("ratio", [0.3, 0.8, 2.0, 20.0])
def test_seeds_needed_are_the_fewest_that_reach_the_power(ratio):
    for rows in (2, 5):
        needed = seeds_needed(ratio, 1.0, rows)
        assert power_of(ratio, 1.0, needed, rows) >= 0.8
        if needed > 2:
            assert power_of(ratio, 1.0, needed - 1, rows) < 0.8


def test_power_is_that_of_statsmodels():
    for difference, seeds, rows in ((0.5, 4, 2), (1.0, 8, 2), (2.0, 3, 2), (0.7, 3, 5)):
        expected = TTestPower().power(difference, seeds, 0.05, df=(rows - 1) * (seeds - 1))
        assert power_of(difference, 1.0, seeds, rows) == pytest.approx(expected, abs=1e-6)


def test_more_than_a_thousand_seeds_are_not_counted():
    assert seeds_needed(0.0001, 1.0, 2) is None


def test_the_predicted_power_is_that_of_simulated_experiments():
    rng, difference, sd = np.random.default_rng(1), 0.01, 0.008
    for seeds in (3, 6, 9):
        drawn = rng.normal(difference, sd, (4000, seeds))
        found = np.mean(stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05)
        assert found == pytest.approx(power_of(difference, sd, seeds, 2), abs=0.025)


@pytest.mark.slow
def test_the_predicted_power_is_that_of_the_pages_own_comparison_over_1000_simulations(monkeypatch):
    """Whole runs are right on a prefix of the items, so that only training runs are left to chance.

    The p-value depends neither on permutations nor on the bootstrap's draws, which are kept short.
    """
    monkeypatch.setattr(paired, "PERMUTATIONS", 9)
    monkeypatch.setattr(uncertainty, "REPLICATES", 10)
    rng, items, rows, run = np.random.default_rng(8), 2000, 4, 0.01
    for seeds, difference in ((3, 0.015), (3, 0.03), (6, 0.015)):
        rejected = 0
        for _ in range(1000):
            accuracy = 0.6 + rng.normal(0, run, (rows, seeds)) + rng.normal(0, 0.01, seeds)
            accuracy[0] += difference
            right = np.arange(items) < np.round(accuracy * items)[:, :, None, None]
            orders = (("a",), ("b",), ("c",), ("d",))
            found = estimate(table_of(right.astype(np.int8), orders))
            rejected += found.contrasts.pair(0, 1).p < 0.05
        predicted = power_of(difference, np.sqrt(2) * run, seeds, rows)
        print(f"{seeds} seeds, {difference}: found {rejected / 1000:.3f}, predicted {predicted:.3f}")
        assert rejected / 1000 == pytest.approx(predicted, abs=0.05)


def test_the_scatter_is_that_of_a_difference_of_two_runs():
    found = seed_power(simulated(np.random.default_rng(2), seeds=40, run=0.01, rest=0.0))
    assert found.sd == pytest.approx(np.sqrt(2) * 0.01, rel=0.1)
    assert power_of(found.detectable, found.sd, 40, found.rows) == pytest.approx(0.8, abs=0.001)
    assert [entry.seeds for entry in found.needed] == sorted(
        (entry.seeds for entry in found.needed), reverse=True
    )


def test_one_seed_shows_no_scatter():
    assert seed_power(simulated(np.random.default_rng(3), seeds=1)) is None
