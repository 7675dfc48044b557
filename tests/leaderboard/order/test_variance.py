import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from harness.leaderboard.order.scores import OrderScores
from harness.leaderboard.order.variance import ORDER, RUN, TASKS, variance_components, variance_shares

from .simulated import all_orders, simulated


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_components_are_those_of_statsmodels_mixed_model_on_balanced_data():
    rng = np.random.default_rng(1)
    scores = simulated(rng, all_orders(("a", "b", "c"), 3), seeds=5, languages=1, order=0.03, seed=0.0)
    table = scores.averages - scores.averages.mean(axis=0)
    frame = pd.DataFrame(
        {"y": table.ravel() * 100, "row": np.repeat(range(6), 5), "seed": np.tile(range(5), 6)}
    )
    model = smf.mixedlm("y ~ C(seed)", frame, groups="row").fit(reml=True, method=["bfgs"], gtol=1e-10)
    found = variance_components(scores)
    assert found[ORDER] * 1e4 == pytest.approx(float(model.cov_re.iloc[0, 0]), rel=1e-6)
    assert found[RUN] * 1e4 == pytest.approx(model.scale, rel=1e-6)


def test_components_are_unbiased_whatever_the_sizes_of_the_sets():
    rng = np.random.default_rng(2)
    truth = {TASKS: 0.02, ORDER: 0.015, RUN: 0.01, "language": 0.04, "seed, alike for all sequences": 0.012}
    found = [
        variance_components(
            simulated(rng, order=0.015, tasks=0.02, run=0.01, language=0.04, seed=0.012, rest=0.004)
        )
        for _ in range(1500)
    ]
    for source, sd in truth.items():
        values = np.array([components[source] for components in found])
        assert values.mean() == pytest.approx(sd**2, abs=4 * values.std() / np.sqrt(len(values))), source
    residual = np.mean([components["residual (sequence × seed × language)"] for components in found])
    assert residual == pytest.approx(0.004**2, rel=0.02)


def test_shares_add_up_to_one_and_order_without_effect_has_none():
    shares = variance_shares(simulated(np.random.default_rng(3), order=0.0, run=0.0, rest=1e-9))
    by_source = {share.source: share.share for share in shares}
    assert sum(by_source.values()) == pytest.approx(1, abs=1e-5)
    assert by_source[ORDER] < 1e-6


@pytest.mark.parametrize(("seeds", "languages", "sources"), [(1, 5, 4), (4, 1, 4), (1, 1, 2), (4, 5, 8)])
def test_what_cannot_be_estimated_is_left_out(seeds, languages, sources):
    scores = simulated(np.random.default_rng(4), seeds=seeds, languages=languages)
    assert len(variance_shares(scores)) == sources


def test_one_row_has_no_variance_to_share():
    assert variance_shares(OrderScores(((),), ("en",), np.zeros((1, 3, 1)))) == ()
