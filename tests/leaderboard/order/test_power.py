import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from harness.leaderboard.order.power import power_of, seed_power, seeds_needed

from .simulated import simulated


@pytest.mark.parametrize("ratio", [0.3, 0.8, 2.0, 20.0])
def test_seeds_needed_are_the_fewest_that_reach_the_power(ratio):
    needed = seeds_needed(ratio, 1.0)
    assert power_of(ratio, 1.0, needed) >= 0.8
    if needed > 2:
        assert power_of(ratio, 1.0, needed - 1) < 0.8


def test_power_is_that_of_statsmodels():
    for difference, seeds in ((0.5, 4), (1.0, 8), (2.0, 3)):
        expected = TTestPower().power(difference, seeds, 0.05)
        assert power_of(difference, 1.0, seeds) == pytest.approx(expected, abs=1e-6)


def test_more_than_a_thousand_seeds_are_not_counted():
    assert seeds_needed(0.0001, 1.0) is None


def test_the_predicted_power_is_that_of_simulated_experiments():
    rng, difference, sd = np.random.default_rng(1), 0.01, 0.008
    for seeds in (3, 6, 9):
        drawn = rng.normal(difference, sd, (4000, seeds))
        found = np.mean(stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05)
        assert found == pytest.approx(power_of(difference, sd, seeds), abs=0.025)


def test_the_scatter_is_that_of_a_difference_of_two_runs():
    found = seed_power(simulated(np.random.default_rng(2), seeds=40, run=0.01, rest=0.0))
    assert found.sd == pytest.approx(np.sqrt(2) * 0.01, rel=0.1)
    assert power_of(found.detectable, found.sd, 40) == pytest.approx(0.8, abs=0.001)
    assert [entry.seeds for entry in found.needed] == sorted(
        (entry.seeds for entry in found.needed), reverse=True
    )


def test_one_seed_shows_no_scatter():
    assert seed_power(simulated(np.random.default_rng(3), seeds=1)) is None
