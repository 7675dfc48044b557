import pytest
from pydantic import ValidationError

from harness.metrics.registry import metric
from harness.results.board import Board
from harness.results.json_file import BoardFileError, canonical_json, read_json
from harness.results.target_metric import TargetMetric
from tests.report.experiments import board, columns, scored_row

SCORES = {1: {"en": 2 / 3, "de": 0.1 + 0.2}, 2: None}


def make(rows, seeds=(1, 2)):
    return board(rows, {"xnli": columns("xnli", ("en", "de"))}, seeds)


def test_json_round_trip_keeps_every_bit(tmp_path):
    original = make([scored_row(("rte",), SCORES)])
    path = tmp_path / "b.json"
    path.write_text(canonical_json(original))
    assert read_json(Board, path) == original
    assert canonical_json(read_json(Board, path)) == canonical_json(original)


@pytest.mark.parametrize(
    ("rows", "seeds", "words"),
    [
        ([scored_row((), SCORES), scored_row((), SCORES)], (1, 2), "two rows for the sequence xnli"),
        ([scored_row((), SCORES)], (1, 3), "not among"),
        ([scored_row((), SCORES)], (1, 1), "a seed twice"),
        ([scored_row((), {1: {"fr": 0.5}})], (1,), "no columns of xnli"),
        ([scored_row((), {1: {"en": 0.5}}, "pawsx")], (1,), "no languages are given for the target pawsx"),
    ],
)
def test_a_board_that_contradicts_itself_is_refused(rows, seeds, words):
    with pytest.raises(ValidationError, match=words):
        make(rows, seeds)


@pytest.mark.parametrize("score", [1.5, -0.1, float("nan")])
def test_a_share_outside_0_to_1_is_refused(score):
    with pytest.raises(ValidationError):
        make([scored_row((), {1: {"en": score}})], (1,))


def test_scores_by_a_metric_without_bounds_are_taken_and_targets_without_a_metric_are_not():
    loss = TargetMetric.of(metric("masked_loss"))
    rows, languages = [scored_row((), {1: {"en": 2.5}})], {"xnli": columns("xnli", ("en",))}
    assert board(rows, languages, (1,), metrics={"xnli": (loss,)}).metrics["xnli"] == (loss,)
    with pytest.raises(ValidationError, match="no metric is given for xnli"):
        board(rows, languages, (1,), metrics={})


def test_an_unreadable_file_is_named_with_the_place(tmp_path):
    path = tmp_path / "b.json"
    path.write_text(
        canonical_json(make([scored_row((), SCORES)])).replace('"status": "ok"', '"status": "fine"')
    )
    with pytest.raises(BoardFileError, match=r"b\.json: rows\.0\.seeds\.0\.status"):
        read_json(Board, path)
