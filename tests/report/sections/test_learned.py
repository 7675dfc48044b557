from harness.metrics.registry import metric
from harness.report.publication import compile_publication
from harness.report.renderers.markdown import render_page
from harness.report.renderers.terminal import render_terminal
from harness.report.sections.learned import task_learned
from harness.results.combine import combine
from harness.results.held_out import HeldOutScores, StageScore
from harness.results.target_metric import TargetMetric
from tests.report.experiments import ACCURACY, board, columns, scored_row

XNLI = {"xnli": columns("xnli", ("en", "de"))}
CORRELATION = TargetMetric.of(metric("pearson"))


def held_out(*scores, task="rte", rows=100, commonest=0.5, measure=ACCURACY):
    stages = tuple(
        StageScore(stages=(task,), seed=seed, score=score) for seed, score in enumerate(scores, start=1)
    )
    return HeldOutScores(task=task, metric=measure, rows=rows, commonest=commonest, scores=stages)


def with_held_out(*parts, **changes):
    row = scored_row(("rte",), {seed: {"en": 0.6, "de": 0.5} for seed in (1, 2)})
    return board([row], XNLI, (1, 2), held_out=parts, **changes)


def test_a_stage_counts_as_learned_where_an_exact_binomial_test_says_so():
    # P(X >= 59 | 100, 0.5) = 0.044, P(X >= 58) = 0.067.
    assert task_learned(held_out(0.59, 0.58, 0.5)).above == 1
    assert task_learned(held_out(0.59, 0.7, commonest=0.68)).above == 0
    assert task_learned(held_out(0.9, commonest=None)).above is None


def test_page_and_terminal_say_what_was_not_learned_and_what_chance_is():
    publication = compile_publication(
        with_held_out(
            held_out(0.5, 0.9), held_out(0.4, 0.6, task="stsb", commonest=None, measure=CORRELATION)
        ),
        None,
    )
    for text in (render_page(publication), render_terminal(publication, 120)):
        assert "Not significantly above the commonest label: 1 of 2 of rte." in text
        assert "70.0 ± 28.3" in text
        assert "0.500 ± 0.141" in text


def test_a_stage_that_two_boards_share_counts_once():
    first, second = with_held_out(held_out(0.7)), with_held_out(held_out(0.7, 0.8), name="other")
    (merged,) = combine([first, second], "both", None, None).held_out
    assert [one.score for one in merged.scores] == [0.7, 0.8]
