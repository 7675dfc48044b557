import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.mixed_linear_model import MixedLM

from harness.statistics.covariance import residual_mean_square, row_covariance, shared_variance
from harness.statistics.prefixes import PrefixTree
from tests.statistics.generators import DESIGNS, table

BLOCKS = tuple((first, second) for first, second in itertools.product("abcdefghij", "klm"))


def test_without_shared_stages_the_covariance_is_the_pooled_mean_square_with_its_degrees_of_freedom():
    runs = table(np.random.default_rng(0), DESIGNS["single30"], 3)
    fitted = row_covariance(runs, PrefixTree(DESIGNS["single30"]))
    scatter = fitted.contrasts(np.eye(30)[:1] - np.eye(30)[1:2])[0]
    assert scatter.variance == pytest.approx(2 * residual_mean_square(runs) / 3)
    assert scatter.degrees == pytest.approx(29 * 2)


def test_components_are_those_of_a_mixed_model_on_balanced_data():
    runs = table(np.random.default_rng(3), BLOCKS, 8, model=0.5) * 100
    fitted = row_covariance(runs, PrefixTree(BLOCKS))
    rows, seeds = np.indices(runs.shape)
    frame = pd.DataFrame({"y": runs.ravel(), "row": rows.ravel(), "seed": seeds.ravel()})
    frame["stage"] = frame["seed"] * 10 + frame["row"] // 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MixedLM.from_formula("y ~ C(row) + C(seed)", frame, groups="stage").fit(reml=True)
    assert fitted.components[0] == pytest.approx(float(model.cov_re.iloc[0, 0]), rel=0.03)
    assert fitted.components[1] == pytest.approx(float(model.scale), rel=0.01)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_the_shared_part_of_the_variance_lies_in_its_interval(share):
    runs = table(np.random.default_rng(5), BLOCKS, 5, model=share)
    found = shared_variance(runs, PrefixTree(BLOCKS))
    assert found.low <= share <= found.high
    assert found.high - found.low < 0.6


def test_equal_runs_have_no_variance_and_one_seed_has_no_covariance():
    tree = PrefixTree(DESIGNS["full16"])
    assert row_covariance(np.full((16, 3), 0.5), tree).components.sum() == 0
    assert row_covariance(np.full((16, 1), 0.5), tree) is None
    assert shared_variance(np.full((16, 3), 0.5), tree) is None


def test_runs_that_all_score_the_same_have_no_variance_to_share():
    runs = np.full((30, 3), 0.1) + np.arange(3) / 3  # rows differ by rounding at most
    tree = PrefixTree(BLOCKS)
    assert residual_mean_square(runs) == 0
    assert shared_variance(runs, tree) is None
    assert not row_covariance(runs, tree).matrix.any()
