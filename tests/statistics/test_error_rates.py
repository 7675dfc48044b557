"""How often a table without any effect says that there is one, by how its runs vary together.

Rows share their first stage with a part of the variance, or every stage; runs collapse now and then, alone
or with the stage that they begin with; runs have heavy tails. A rate is held to 6% plus two of its
Monte-Carlo standard errors.
"""

import numpy as np
import pytest

from harness.statistics import heterogeneity, multiplicity, order_test
from harness.statistics.contrast import Contrasts
from harness.statistics.prefixes import PrefixTree
from harness.statistics.table import Runs, analyze_table
from tests.statistics.generators import DESIGNS, as_values, inherited, prone, table

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


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("design", ["two5", "mixed9", "full16", "perm24", "fan12"])
def test_sharing_stages_makes_no_claims(design, model, seeds):
    order, pair, delta, covered = rates(design, even(model, seeds), 300)
    assert held(order, 300) and held(pair, 300) and held(delta, 300), (order, pair, delta)
    assert 0.92 <= covered <= 0.985


@pytest.mark.slow
@pytest.mark.parametrize("model", [0.0, 0.25, "stages"])
def test_order_triples_claims_nothing_of_noise(model):
    order, pair, delta, _ = rates("triples157", even(model), 60)
    assert held(order, 60) and held(pair, 60) and held(delta, 60)


def _prone(rng, orders):
    rows = [row for row, order in enumerate(orders) if "a" in order]
    return prone(rng, table(rng, orders), rows, 0.5)


def _inheriting(rng, orders):
    return inherited(rng, table(rng, orders), orders, 0.1)


# Where many rows collapse every second time, order is claimed in 11% of tables of 16 rows and 3 seeds.
_KNOWN_LIMIT = pytest.mark.xfail(reason="a limit that docs/explanation/statistics.md states")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("design", "draw"),
    [
        ("mixed9", even(0.0, tails=3)),
        ("mixed9", _prone),
        ("mixed9", _inheriting),
        ("full16", even(0.0, tails=3)),
        pytest.param("full16", _prone, marks=_KNOWN_LIMIT),
        ("full16", _inheriting),
    ],
)
def test_heavy_tails_and_collapsing_rows_make_no_claims_on_order(design, draw):
    order, pair, _, covered = rates(design, draw, 200)
    assert held(order, 200) and held(pair, 200)
    assert covered >= 0.9
