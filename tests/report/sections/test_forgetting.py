import pytest
from pydantic import ValidationError

from harness.metrics.registry import metric
from harness.report.publication import compile_publication
from harness.report.renderers.markdown import render_page
from harness.report.sections.forgetting import backward_transfer, target_forgetting
from harness.results.target_metric import TargetMetric
from tests.report.experiments import ACCURACY, board, columns, scored_row

F1 = TargetMetric.of(metric("answer_f1"))
SCORES = {"en": 0.6, "de": 0.5}
XNLI = {"xnli": columns("xnli", ("en", "de"))}


def measured(*matrices):
    """A board whose one sequence rte → qqp → xnli was measured with one matrix a seed."""
    seeds = tuple(range(1, len(matrices) + 1))
    row = scored_row(("rte", "qqp"), dict.fromkeys(seeds, SCORES))
    results = tuple(
        result.model_copy(update={"forgetting": matrix})
        for result, matrix in zip(row.seeds, matrices, strict=True)
    )
    rows = [scored_row((), dict.fromkeys(seeds, SCORES)), row.model_copy(update={"seeds": results})]
    return board(rows, XNLI, seeds, held_out_metrics={"rte": ACCURACY, "qqp": F1})


def test_backward_transfer_is_that_of_lopez_paz_and_ranzato():
    matrix = ((0.8,), (0.7, 0.9), (0.6, 0.85, 0.7))
    assert backward_transfer(matrix, (1, 1)) == pytest.approx(((0.6 - 0.8) + (0.85 - 0.9)) / 2)


def test_tasks_without_held_out_rows_are_left_out_of_the_mean():
    assert backward_transfer(((None,), (None, 0.9), (None, 0.85, 0.7)), (1, 1)) == pytest.approx(-0.05)
    assert backward_transfer(((None,), (None, 0.7)), (1,)) is None
    assert backward_transfer(((0.9,),), ()) is None


def test_a_loss_does_not_count_and_a_metric_that_falls_is_turned():
    matrix = ((0.8,), (0.7, 2.0), (0.6, 2.5, 0.7))
    assert backward_transfer(matrix, (1, 0)) == pytest.approx(-0.2)
    assert backward_transfer(matrix, (1, -1)) == pytest.approx(-0.35)


def test_mean_and_sd_are_over_seeds_and_the_target_only_row_has_nothing_to_forget():
    found = target_forgetting(
        measured(((0.8,), (0.7, 0.9), (0.6, 0.85, 0.7)), ((0.8,), (0.7, 0.9), (0.7, 0.9, 0.7))), "xnli"
    )
    (row,) = found.rows
    assert row.sequence == "rte → qqp → xnli"
    assert row.backward_transfer.mean == pytest.approx((-0.125 - 0.05) / 2)
    assert row.backward_transfer.n == 2
    assert [(task.task, task.metric) for task in row.tasks] == [("rte", ACCURACY), ("qqp", F1)]
    assert row.tasks[0].change.mean == pytest.approx(-0.15)


def test_a_seed_that_was_not_measured_leaves_its_row_out():
    assert target_forgetting(measured(((0.8,), (0.7, 0.9), (0.6, 0.85, 0.7)), ()), "xnli") is None


def test_the_page_shows_it_only_where_it_was_measured():
    text = render_page(compile_publication(measured(((0.8,), (0.7, 0.9), (0.6, 0.85, 0.7))), None))
    assert "### Forgetting: xnli" in text
    assert "rte (accuracy) 80.0 → 60.0; qqp (F1) 90.0 → 85.0" in text
    assert "-12.5" in text
    assert "### Forgetting" not in render_page(compile_publication(measured(()), None))


def test_a_matrix_with_other_rows_than_stages_is_no_board():
    with pytest.raises(ValidationError, match="has not a row for each stage"):
        measured(((0.8,), (0.7, 0.9)))
