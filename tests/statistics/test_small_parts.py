import numpy as np
import pytest
from scipy import stats

from harness.statistics.agreement import agreement
from harness.statistics.aliases import aliased, design_rank
from harness.statistics.collapse import above_chance, collapse_test
from harness.statistics.contrast import Contrasts, pair_weights
from harness.statistics.heterogeneity import heterogeneity, moderated_variances
from harness.statistics.looks import level_of_look
from harness.statistics.multiplicity import holm, simultaneous, smallest_of_several
from harness.statistics.order_test import permutation_test
from harness.statistics.place_effects import before_cases, place_effects, position_cases
from harness.statistics.power import power_of, seed_power
from harness.statistics.prefixes import PrefixTree
from harness.statistics.ranks import rank_sets, shrunken
from harness.statistics.shares import order_share
from harness.statistics.table import Runs, analyze_table
from harness.statistics.verdict import Family, judge
from tests.statistics.generators import DESIGNS, as_values, prone, table


def contrasts(runs, orders):
    return Contrasts.of(as_values(runs), PrefixTree(orders))


def sets_of(orders):
    found = {}
    for row, order in enumerate(orders):
        found.setdefault(tuple(sorted(order)), []).append(row)
    return tuple(tuple(rows) for rows in found.values() if len(rows) > 1)


def test_holm_steps_down_and_never_reverses_order():
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]).tolist() == []


def test_dunnetts_correction_is_scipys_for_equal_groups():
    rng = np.random.default_rng(2)
    control, *groups = rng.normal(0, 1, (4, 10)) + np.array([[0], [1.2], [0.4], [0.0]])
    expected = stats.dunnett(*groups, control=control, rng=np.random.default_rng(0)).pvalue
    pooled = np.mean([np.var(g, ddof=1) for g in (control, *groups)])
    covariance = pooled / 10 * (np.eye(3) + 1)
    degrees = np.full(3, 36.0)
    t = np.array([g.mean() - control.mean() for g in groups]) / np.sqrt(np.diag(covariance))
    p = 2 * stats.t.sf(np.abs(t), 36)
    assert simultaneous(p, smallest_of_several(covariance, degrees)) == pytest.approx(expected, abs=0.01)


def test_contrasts_that_differ_by_sign_and_scale_are_one():
    weights = np.array([[1, -1, 0, 0], [-2, 2, 0, 0], [0, 0, 1, -1], [1, -1, 0, 0]], float)
    assert aliased(weights) == [[(0, 1), (1, -1), (3, 1)], [(2, 1)]]
    assert design_rank(weights) == 2


def test_a_williams_design_of_four_has_two_distinct_before_effects_of_six():
    orders = DESIGNS["mixed9"]
    runs = contrasts(table(np.random.default_rng(0), orders), orders)
    none = np.zeros(9, bool)
    found = place_effects(orders, before_cases(orders), runs, Family(margin=0.01, simultaneous=False), none)
    assert (found.names, len(found.effects), found.rank) == (6, 2, 2)
    positions = place_effects(orders, position_cases(orders), runs, Family(0.01, simultaneous=False), none)
    assert (positions.names, len(positions.effects), positions.rank) == (16, 4, 3)


def test_an_order_test_with_two_orders_and_three_seeds_cannot_reject_by_relabeling():
    found = permutation_test(np.array([[0.0] * 3, [1.0] * 3]), PrefixTree((("a",), ("b",))))
    assert (found.p, found.smallest, found.exact) == (0.25, 0.25, True)
    assert found.range_p(np.array([-1.0, 1 / 3, 0.0])).tolist() == [0.25, 1.0, 1.0]


def test_a_true_effect_of_order_is_found_by_the_permutations():
    rng = np.random.default_rng(0)
    orders = DESIGNS["perm24"][1:]
    effects = np.array([0.03 if order[0] == "a" else 0.0 for order in orders])
    found = permutation_test(table(rng, orders, effects=effects), PrefixTree(orders))
    assert not found.exact and found.p < 0.05


def test_where_a_run_collapsed_only_relabeling_says_that_orders_differ():
    # One order of a and b collapses with every seed; with three seeds no relabeling can show that.
    orders = DESIGNS["full16"]
    runs = table(np.random.default_rng(3), orders)
    collapsed = np.zeros(runs.shape, bool)
    collapsed[orders.index(("a", "b"))] = True
    runs[collapsed] -= 0.2
    asked = Runs(contrasts(runs, orders), sets_of(orders), orders.index(()), collapsed, 0.01)
    result = analyze_table(asked)
    by_set = {test.rows: test for test in result.order_tests}
    test = by_set[orders.index(("a", "b")), orders.index(("b", "a"))]
    assert (test.by, test.p, test.p_adjusted, test.smallest_p) == ("permutation", None, None, 0.25)
    assert test.f_p < 0.05 and not result.order_matters
    pair = next(effect for a, b, effect in result.pairs if {a, b} == set(test.rows))
    assert pair.verdict == "not testable" and pair.interval is None
    assert not result.significant[test.rows]
    # The three other sets are corrected for three.
    others = [other for other in result.order_tests if other is not test]
    assert min(other.p_adjusted for other in others) == pytest.approx(3 * min(other.p for other in others))


def test_rows_that_collapse_now_and_then_are_found_to_scatter_unlike():
    orders = DESIGNS["single30"]
    rng = np.random.default_rng(4)
    even = table(rng, orders)
    assert heterogeneity(even, contrasts(even, orders).row_covariance).pooled
    uneven, _ = prone(rng, even, range(5), 0.5)
    found = heterogeneity(uneven, contrasts(uneven, orders).row_covariance)
    assert found.p < 0.01 and found.ratio > 20


def test_moderated_variances_lie_between_a_rows_own_and_the_common_one():
    rng = np.random.default_rng(1)
    alike, degrees = moderated_variances(rng.normal(0, 1, (40, 3)))
    assert np.ptp(alike) < 0.4 * alike.mean() and degrees > 10
    unlike, few = moderated_variances(rng.normal(0, 1, (40, 3)) * np.geomspace(0.01, 10, 40)[:, None])
    assert few < 5 and unlike[-1] > 20 * unlike[0]


def test_ranks_span_all_rows_that_are_not_significantly_better_or_worse():
    significant = np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], bool)
    assert rank_sets(np.array([3.0, 2.0, 1.0]), significant) == [(1, 2), (1, 3), (2, 3)]


def test_averages_that_differ_by_chance_alone_shrink_to_their_mean_and_true_ones_stay():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.01, 20)
    shrunk = shrunken(noise, np.eye(20) * 0.01**2)
    assert np.ptp(shrunk) < 0.5 * np.ptp(noise)
    far = np.linspace(0, 1, 20)
    assert shrunken(far, np.eye(20) * 0.01**2) == pytest.approx(far, abs=0.002)


def test_alpha_is_spent_over_planned_looks_and_nothing_is_left_for_seeds_added_later():
    assert level_of_look([5], 5) == pytest.approx(0.05)
    first, second = level_of_look([3], 5), level_of_look([3, 5], 5)
    assert first == pytest.approx(0.0114, abs=0.0002)
    assert first + second == pytest.approx(0.05)
    assert level_of_look([3, 5], 3) is None
    assert level_of_look([3, 3], 3) == pytest.approx(0.05)


def test_a_random_guesser_is_seldom_above_chance_however_many_languages():
    rng = np.random.default_rng(0)
    p = [above_chance((rng.random((15, 1000)) < 1 / 3).mean(axis=0), 1 / 3) for _ in range(400)]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.08
    assert above_chance(np.full(50, 0.25), 0.25) == 1.0
    assert above_chance((rng.random(1000) < 0.4).astype(float), 1 / 3) < 0.001


def test_collapse_that_rows_inherit_counts_once():
    own = PrefixTree(tuple((f"t{i}",) for i in range(6)))
    flags = np.zeros((6, 3), bool)
    flags[:2] = True
    assert collapse_test(flags, own).p < 0.05
    shared = PrefixTree((("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"), ("c", "x"), ("c", "y")))
    assert collapse_test(flags, shared).p > collapse_test(flags, own).p
    assert collapse_test(np.zeros((6, 3), bool), own).p is None


def test_a_run_that_collapsed_withholds_the_interval_and_needs_its_own_seeds():
    orders = DESIGNS["single30"]
    runs = table(np.random.default_rng(0), orders)
    runs[0] -= 0.2
    collapsed = np.zeros(30, bool)
    family = Family(margin=0.01)
    weights = pair_weights(30, np.array([0, 2]), np.array([1, 3]))
    first, second = judge(contrasts(runs, orders), weights, family, collapsed)
    assert first.significant and first.interval and first.superiority < 0.01
    runs[0, 0] += 0.2
    collapsed[0] = True
    first, second = judge(contrasts(runs, orders), weights, family, collapsed)
    assert not first.significant and first.interval is None and second.interval


def test_verdicts_are_of_four_kinds():
    orders = DESIGNS["single30"]
    runs = table(np.random.default_rng(0), orders, 5, sd=0.002)
    runs[0] += 0.03
    weights = pair_weights(30, np.array([0, 2]), np.array([1, 3]))
    none = np.zeros(30, bool)
    assert [e.verdict for e in judge(contrasts(runs, orders), weights, Family(0.01), none)] == [
        "significant",
        "equivalent",
    ]
    assert [e.verdict for e in judge(contrasts(runs, orders), weights, Family(0.0001), none)][1] == (
        "not significant"
    )
    one = judge(contrasts(runs[:, :1], orders), weights, Family(0.01), none)
    assert {e.verdict for e in one} == {"not testable"}


def test_agreement_of_languages_on_the_same_runs_is_no_evidence_and_that_across_seeds_is():
    rng = np.random.default_rng(0)
    orders = DESIGNS["perm24"][1:]
    sets, tree = sets_of(orders), PrefixTree(orders)
    noise = np.repeat(table(rng, orders, 4)[:, :, None], 6, axis=2) + rng.normal(0, 0.001, (24, 4, 6))
    assert agreement("languages", noise, sets, tree).p > 0.05
    true = noise + rng.normal(0, 0.02, (24, 1, 1))
    found = agreement("languages", true, sets, tree)
    assert found.p < 0.01 and found.rho > 0.5 > found.without_effect.high


def test_power_counts_items_and_the_corrected_threshold():
    assert power_of(0.02, 0.01, 10, 4, 0, 1) > power_of(0.02, 0.01, 10, 4, 0, 15)
    assert power_of(0.02, 0.01, 10, 4, 0, 1) > power_of(0.02, 0.01, 10, 4, 0.005**2, 1)
    found = seed_power(0.014, 8, 3, 0.0, 6)
    assert found.detectable_interval.low < found.detectable < found.detectable_interval.high
    point = found.needed[1]
    assert point.low < point.seeds < point.high


def test_the_share_of_order_covers_the_truth_and_is_not_given_for_a_single_pair():
    rng = np.random.default_rng(0)
    orders = DESIGNS["full16"]
    inside = 0
    for _ in range(60):
        truth = rng.normal(0, 0.012, 16)
        found = order_share(contrasts(table(rng, orders, 3, effects=truth), orders), sets_of(orders))
        inside += found.interval.low <= 0.5 <= found.interval.high
    assert inside >= 54
    assert order_share(contrasts(table(rng, DESIGNS["two5"], 3), DESIGNS["two5"]), ((3, 4),)) is None
