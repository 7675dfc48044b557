"""Runs that did not learn are told of, kept, and counted."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.leaderboard.collapse import collapses
from harness.leaderboard.predictions import gather_predictions
from harness.leaderboard.publish import publish
from harness.leaderboard.verify import verify
from tests.leaderboard.experiments import experiment

FOUR = ("en", "de", "sw", "zh")


def overwrite(made, sequence, seed, predict):
    """Replace the predictions of one run, and its scores with them; `predict` maps labels to predictions."""
    row = next(row for row in made.board.rows if row.sequence == sequence)
    path = made.predictions[row.seed(seed).evaluation_digest]
    table = pq.read_table(path)
    labels, tasks = table["label"].to_numpy(), np.array(table["task"].to_pylist())
    answers = predict(labels, tasks).astype(np.int8)
    at = table.column_names.index("prediction")
    pq.write_table(table.set_column(at, "prediction", pa.array(answers, pa.int8())), path)
    right = answers == labels
    scores = {task: float(right[tasks == task].mean()) for task in dict.fromkeys(tasks.tolist())}
    seeds = tuple(
        result.model_copy(update={"scores": scores}) if result.seed == seed else result
        for result in row.seeds
    )
    changed = row.model_copy(update={"seeds": seeds})
    rows = tuple(changed if other is row else other for other in made.board.rows)
    return made.board.model_copy(update={"rows": rows})


def found(board, made):
    runs = collapses(board, gather_predictions(board, made.predictions))
    return [(run.sequence, run.seed, run.kind) for run in runs]


@pytest.fixture
def made(tmp_path):
    return experiment(tmp_path, languages=FOUR, effects=1.0)


def test_runs_that_learnt_are_not_told_of(made):
    assert found(made.board, made) == []


def test_one_label_for_every_item_is_a_collapse(made, tmp_path):
    board = overwrite(made, "rte → xnli", 2, lambda labels, tasks: np.zeros(len(labels)))
    assert found(board, made) == [("rte → xnli", 2, "constant")]
    published = publish(board, tmp_path / "boards", made.predictions)
    page = published.markdown.read_text()
    assert "**Did not learn**" in page
    assert "> - rte → xnli, seed 2: one label for every item (label 0) in every language" in page
    assert "1 of 15 runs did not learn" in page
    # It counts like all others: the average of its row is there, and is lower for it.
    row = next(row for row in published.publication.targets[0].rows if row.sequence == "rte → xnli")
    assert row.average is not None and row.average.n == 3
    assert not verify(published.markdown).differences


def test_a_single_language_that_collapses_is_named(made):
    board = overwrite(
        made,
        "xnli",
        1,
        lambda labels, tasks: np.where(tasks == "xtreme_xnli_sw", 1, labels),
    )
    (run,) = collapses(board, gather_predictions(board, made.predictions))
    assert (run.kind, run.tasks) == ("constant", ("xtreme_xnli_sw",))
    assert "1 of 4 languages (sw)" in run.detail


def test_guessing_is_chance(made):
    drawing = np.random.default_rng(3)
    board = overwrite(made, "xnli", 1, lambda labels, tasks: drawing.integers(0, 3, len(labels)))
    assert found(board, made) == [("xnli", 1, "chance")]


def test_a_loss_that_rose_is_told_of_without_predictions(made):
    rows = list(made.board.rows)
    note = "the loss of the stage rte rose from 0.70 at step 1 to 4.00 at step 78"
    first = rows[0].seeds[0].model_copy(update={"notes": (note,)})
    rows[0] = rows[0].model_copy(update={"seeds": (first, *rows[0].seeds[1:])})
    board = made.board.model_copy(update={"rows": tuple(rows)})
    assert [(run.kind, run.detail) for run in collapses(board, None)] == [("loss", note)]
