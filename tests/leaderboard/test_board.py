import pytest
from pydantic import ValidationError

from harness.leaderboard.board import Board, BoardFileError, SeedResult, canonical_json, read_model

from .experiments import board, columns, scored_row

SCORES = {1: {"en": 2 / 3, "de": 0.1 + 0.2}, 2: None}


def make(rows, seeds=(1, 2)):
    return board(rows, {"xnli": columns("xnli", ("en", "de"))}, seeds)


def test_json_round_trip_keeps_every_bit(tmp_path):
    original = make([scored_row(("rte",), SCORES)])
    path = tmp_path / "b.json"
    path.write_text(canonical_json(original))
    assert read_model(Board, path) == original
    assert canonical_json(read_model(Board, path)) == canonical_json(original)


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
def test_a_score_outside_0_to_1_is_refused(score):
    with pytest.raises(ValidationError):
        SeedResult(seed=1, status="ok", scores={"a": score}, items={"a": 10})


def test_an_unreadable_file_is_named_with_the_place(tmp_path):
    path = tmp_path / "b.json"
    path.write_text(
        canonical_json(make([scored_row((), SCORES)])).replace('"status": "ok"', '"status": "fine"')
    )
    with pytest.raises(BoardFileError, match=r"b\.json: rows\.0\.seeds\.0\.status"):
        read_model(Board, path)
