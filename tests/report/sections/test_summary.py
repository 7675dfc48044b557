"""Targets side by side: XTREME's means, in every form of the leaderboard."""

from statistics import fmean

import pytest

from harness.metrics.registry import metric
from harness.report.publication import compile_publication
from harness.report.renderers.latex import render_latex
from harness.report.renderers.markdown import render_page
from harness.report.renderers.terminal import render_terminal
from harness.report.sections.summary import SUMMARY
from harness.results.board import BoardRow
from harness.results.target_metric import TargetMetric
from tests.report.experiments import ACCURACY, board, columns, scored_row

QA = tuple(TargetMetric.of(metric(name)) for name in ("answer_f1", "exact_match"))
LANGUAGES = ("en", "de")
SCORES = {"xnli": (0.6, 0.5), "pawsx": (0.8, 0.7), "xquad": (0.7, 0.6)}


def rows(order: tuple[str, ...], gain: float) -> list[BoardRow]:
    """A row of each target; exact match lies 0.2 below F1."""
    found = []
    for target, values in SCORES.items():
        scores = dict(zip(LANGUAGES, (value + gain for value in values), strict=True))
        row = scored_row(order, {1: scores, 2: scores}, target)
        if target == "xquad":
            second = {"exact_match": {task: score - 0.2 for task, score in row.seeds[0].scores.items()}}
            seeds = tuple(seed.model_copy(update={"secondary": second}) for seed in row.seeds)
            row = row.model_copy(update={"seeds": seeds})
        found.append(row)
    return found


@pytest.fixture(scope="module")
def publication():
    languages = {target: columns(target, LANGUAGES) for target in SCORES}
    metrics = {target: QA if target == "xquad" else (ACCURACY,) for target in SCORES}
    made = board([*rows((), 0), *rows(("rte",), 0.04)], languages, (1, 2), metrics=metrics)
    return compile_publication(made, None)


def test_means_are_xtremes_with_half_f1_and_half_exact_match(publication):
    found = publication.once(SUMMARY)
    assert list(found.means) == ["(target only)", "rte"]
    for gain, own in zip((0, 0.04), found.means.values(), strict=True):
        targets = [0.55 + gain, 0.75 + gain, 0.65 + gain - 0.1]
        assert own["classification"] == pytest.approx(fmean(targets[:2]))
        assert own["all"] == pytest.approx(fmean(targets))
        assert "question answering" not in own and "retrieval" not in own  # of one target, or none


def test_the_summary_stands_above_the_targets_in_every_form(publication):
    page, shown = render_page(publication), render_terminal(publication, 120)
    assert page.index("## All targets") < page.index("## xnli")
    assert shown.index("All targets") < shown.index("xnli:")
    assert all(len(line) <= 120 for line in shown.splitlines())
    assert "Means over targets" in render_latex(publication)
    assert "half the sum of F1 and exact match" in page


def test_two_targets_have_no_summary():
    languages = {target: columns(target, LANGUAGES) for target in ("xnli", "pawsx")}
    made = board([row for row in rows((), 0) if row.target in languages], languages, (1, 2))
    assert compile_publication(made, None).once(SUMMARY) is None
