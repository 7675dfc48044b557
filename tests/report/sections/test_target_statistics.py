import statistics

import pytest

from harness.report.sections.scores.statistics import target_statistics
from tests.report.experiments import board, columns, scored_row

LANGUAGES = ("en", "de", "sw")
XNLI = {"xnli": columns("xnli", LANGUAGES)}
BASE = {
    1: {"en": 0.66, "de": 0.60, "sw": 0.54},
    2: {"en": 0.64, "de": 0.61, "sw": 0.52},
    3: {"en": 0.65, "de": 0.62, "sw": 0.56},
}
RTE = {
    1: {"en": 0.67, "de": 0.62, "sw": 0.54},
    2: {"en": 0.65, "de": 0.62, "sw": 0.56},
    3: {"en": 0.69, "de": 0.63, "sw": 0.54},
}


def table(*rows, seeds=(1, 2, 3), languages=XNLI):
    return target_statistics(board(rows, languages, seeds), next(iter(languages)), None)


def test_averages_are_taken_within_a_seed_and_then_over_seeds():
    row = table(scored_row((), BASE)).rows[0]
    per_seed = [statistics.fmean(scores.values()) for scores in BASE.values()]
    assert row.average.mean == pytest.approx(statistics.fmean(per_seed))
    assert row.average.sd == pytest.approx(statistics.stdev(per_seed))
    assert row.non_english.mean == pytest.approx((0.57 + 0.565 + 0.59) / 3)
    assert row.gap.mean == pytest.approx((0.09 + 0.075 + 0.06) / 3)
    assert row.languages["xtreme_xnli_de"].mean == pytest.approx(0.61)


def test_delta_is_paired_by_seed():
    rte = table(scored_row((), BASE), scored_row(("rte",), RTE)).rows[0]
    differences = [statistics.fmean(RTE[s].values()) - statistics.fmean(BASE[s].values()) for s in (1, 2, 3)]
    assert rte.sequence == "rte → xnli"
    assert rte.delta.mean == pytest.approx(statistics.fmean(differences))
    assert rte.delta.sd == pytest.approx(statistics.stdev(differences))


def test_pairing_does_not_depend_on_the_order_in_which_seeds_finished():
    shuffled = {seed: RTE[seed] for seed in (3, 1, 2)}
    forward = table(scored_row((), BASE), scored_row(("rte",), RTE)).rows[0]
    assert table(scored_row((), BASE), scored_row(("rte",), shuffled)).rows[0] == forward


def test_one_seed_has_no_sd():
    rte = table(scored_row((), {1: BASE[1]}), scored_row(("rte",), {1: RTE[1]}), seeds=(1,)).rows[0]
    assert rte.average.n == 1
    assert rte.average.sd is None
    assert rte.delta.sd is None


@pytest.mark.parametrize("broken", [{**RTE, 2: None}, {seed: RTE[seed] for seed in (1, 3)}])
def test_a_failed_or_missing_seed_empties_the_row_instead_of_shrinking_it(broken):
    rows = table(scored_row((), BASE), scored_row(("rte",), broken)).rows
    rte = rows[1]
    assert (rte.average, rte.non_english, rte.gap, rte.delta) == (None, None, None, None)
    assert set(rte.languages.values()) == {None}


def test_a_missing_language_empties_the_averages_and_keeps_the_other_languages():
    without = {**RTE, 3: {"en": 0.69, "de": 0.63}}
    rte = table(scored_row((), BASE), scored_row(("rte",), without)).rows[1]
    assert (rte.average, rte.non_english, rte.gap, rte.delta) == (None, None, None, None)
    assert rte.languages["xtreme_xnli_sw"] is None
    assert rte.languages["xtreme_xnli_en"].mean == pytest.approx(0.67)


def test_a_failed_baseline_leaves_no_delta_but_the_average():
    rte = table(scored_row((), {**BASE, 1: None}), scored_row(("rte",), RTE)).rows[0]
    assert rte.average is not None
    assert rte.delta is None


def test_without_a_target_only_row_there_is_no_delta():
    assert table(scored_row(("rte",), RTE)).rows[0].delta is None


def test_english_alone_has_no_gap_and_no_other_average():
    languages = {"xnli": columns("xnli", ("en",))}
    only = {seed: {"en": scores["en"]} for seed, scores in BASE.items()}
    row = table(scored_row((), only), languages=languages).rows[0]
    assert row.average.mean == pytest.approx(0.65)
    assert row.non_english is None
    assert row.gap is None


def test_two_targets_are_separate_tables():
    languages = {**XNLI, "pawsx": columns("pawsx", ("en", "de"))}
    other = {seed: {"en": 0.9, "de": 0.8} for seed in BASE}
    both = board([scored_row((), BASE), scored_row((), other, "pawsx")], languages, (1, 2, 3))
    tables = [target_statistics(both, target, None) for target in both.targets]
    assert [len(found.rows) for found in tables] == [1, 1]
    assert tables[1].rows[0].average.mean == pytest.approx(0.85)
