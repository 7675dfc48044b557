"""How often a table without any effect says that there is one, by how its runs vary together.

Rows share their first stage with a part of the variance, or every stage; runs collapse now and then, alone
or with the stage that they begin with; runs have heavy tails. A rate is held to 6% plus two of its
Monte-Carlo standard errors.
"""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from harness.statistics import heterogeneity, multiplicity, order_test
from harness.statistics.contrast import Contrasts
from harness.statistics.covariance import residual_mean_square
from harness.statistics.multiplicity import holm
from harness.statistics.prefixes import PrefixTree
from harness.statistics.table import Runs, analyze_table
from tests.statistics.generators import DESIGNS, RUN_SD, as_values, inherited, prone, table

MODELS = (0.0, 0.25, 0.5, 0.75, "stages")


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch):
    monkeypatch.setattr(multiplicity, "DRAWS", 3_000)
    monkeypatch.setattr(order_test, "DRAWS", 999)
    monkeypatch.setattr(heterogeneity, "SIMULATIONS", 199)


def sets_of(orders):
    found = {}
    for row, order in enumerate(orders):
        found.setdefault(tuple(sorted(order)), []).append(row)
    return tuple(tuple(rows) for rows in found.values() if len(rows) > 1)


def rates(design, draw, tables, seed=1):
    """Return the share of tables with a false claim on order, a pair, Δ; and the coverage of averages."""
    orders, rng = DESIGNS[design], np.random.default_rng(seed)
    claims, covered = [], []
    for _ in range(tables):
        runs, collapsed = draw(rng, orders)
        contrasts = Contrasts.of(as_values(runs), PrefixTree(orders))
        baseline = orders.index(()) if () in orders else None
        found = analyze_table(Runs(contrasts, sets_of(orders), baseline, collapsed, margin=0.01))
        claims.append(
            (
                found.order_matters,
                any(effect.significant for *_, effect in found.pairs),
                any(effect.significant for effect in found.deltas.values()),
            )
        )
        covered += [own.low <= 0.6 <= own.high for own in found.averages if own]
    return *np.mean(claims, axis=0), np.mean(covered)


def even(model, seeds=3, tails=None):
    def draw(rng, orders):
        return table(rng, orders, seeds, model=model, tails=tails), np.zeros((len(orders), seeds), bool)

    return draw


def held(rate, tables):
    return rate <= 0.06 + 2 * np.sqrt(0.06 * 0.94 / tables)


@pytest.mark.parametrize("model", [0.0, "stages"])
def test_a_few_tables_without_an_effect_show_none(model):
    order, pair, delta, covered = rates("two5", even(model), 60)
    assert held(order, 60) and held(pair, 60) and held(delta, 60)
    assert covered > 0.88


# Each design with each model, each design and each model with each number of seeds.
SHARING = [
    (design, model, (2, 3, 5)[(row + column) % 3])
    for row, design in enumerate(["two5", "mixed9", "full16", "perm24", "fan12"])
    for column, model in enumerate(MODELS)
]


@pytest.mark.slow
@pytest.mark.parametrize(("design", "model", "seeds"), SHARING)
def test_sharing_stages_makes_no_claims(design, model, seeds):
    tables = 120 if design == "perm24" else 300
    order, pair, delta, covered = rates(design, even(model, seeds), tables)
    assert held(order, tables) and held(pair, tables) and held(delta, tables), (order, pair, delta)
    assert 0.92 <= covered <= 0.985


@pytest.mark.slow
@pytest.mark.parametrize(
    ("design", "model", "tables"),
    [("six37", 0.5, 60), ("triples157", "stages", 12), ("nine154", "stages", 8)],
)
def test_the_large_shipped_designs_claim_nothing_of_noise(design, model, tables):
    order, pair, delta, covered = rates(design, even(model), tables)
    assert held(order, tables) and held(pair, tables) and held(delta, tables), (order, pair, delta)
    assert covered > 0.85


def _prone(rng, orders, seeds):
    rows = [row for row, order in enumerate(orders) if "a" in order]
    return prone(rng, table(rng, orders, seeds), rows, 0.5)


def _inheriting(rng, orders, seeds):
    return inherited(rng, table(rng, orders, seeds), orders, 0.1)


def _heavy_tailed(rng, orders, seeds):
    return even(0.0, seeds, tails=3)(rng, orders)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("draw", [_heavy_tailed, _prone, _inheriting])
@pytest.mark.parametrize("design", ["mixed9", "full16"])
def test_heavy_tails_and_collapsing_rows_make_no_claims_on_order(design, draw, seeds):
    order, pair, _, covered = rates(design, lambda rng, orders: draw(rng, orders, seeds), 200)
    assert held(order, 200) and held(pair, 200), (order, pair)
    assert covered >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("design", "effect"), [("mixed9", 2.4), ("full16", 2.7)])
def test_one_better_order_among_independent_rows_is_found_nearly_as_often_as_by_a_pooled_t_test(
    design, effect
):
    """The pooled t-test with Holm's correction is too lax where rows share stages."""
    orders, rng, tables = DESIGNS[design], np.random.default_rng(2), 300
    sets = sets_of(orders)
    better = max(sets, key=len)[0]
    effects = np.zeros(len(orders))
    effects[better] = effect * RUN_SD
    pairs = np.array([pair for own in sets for pair in combinations(own, 2)])
    found = []
    for _ in range(tables):
        runs = table(rng, orders, effects=effects)
        error = np.sqrt(2 * residual_mean_square(runs) / 3)
        t = np.abs(np.diff(runs.mean(axis=1)[pairs], axis=1)[:, 0]) / error
        pooled = holm(2 * stats.t.sf(t, 2 * (len(orders) - 1))).min() < 0.05
        none = np.zeros(runs.shape, bool)
        contrasts = Contrasts.of(as_values(runs), PrefixTree(orders))
        found.append(
            (pooled, analyze_table(Runs(contrasts, sets, orders.index(()), none, 0.01)).order_matters)
        )
    before, now = np.mean(found, axis=0)
    differences = np.subtract(*np.transpose(found).astype(float))
    assert before - now <= 0.05 + 2 * differences.std() / np.sqrt(tables), (before, now)
