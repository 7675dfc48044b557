"""Runs that did not learn are named, kept, and counted."""

import numpy as np
import pytest

from harness.metrics.item_file import read_items, write_items
from harness.metrics.item_scores import TaskItems
from harness.metrics.registry import metric
from harness.report.publish import publish
from harness.report.sections.collapses import collapses
from harness.report.sections.scores.section import SCORES
from harness.report.verify import verify
from harness.results.predictions import gather_predictions
from tests.report.experiments import LABELS, experiment

FOUR = ("en", "de", "sw", "zh")


def overwrite(made, sequence, seed, predict):
    """Replace the predictions of one run, and its scores with them; `predict` maps labels to predictions."""
    row = next(row for row in made.board.rows if row.sequence == sequence)
    path = made.predictions[row.seed(seed).evaluation_digest]
    changed = {}
    for task, own in read_items(path).items():
        references = own.references.decoded().tolist()
        labels = np.array([LABELS.index(text) for text in references])
        answers = [LABELS[label] for label in predict(labels, np.full(len(own), task)).astype(int)]
        items = own.items.decoded().tolist()
        changed[task] = TaskItems.scored(task, own.language, items, answers, references, [metric("accuracy")])
    write_items(changed.values(), path)
    scores = {task: own.score for task, own in changed.items()}
    seeds = tuple(
        result.model_copy(update={"scores": scores}) if result.seed == seed else result
        for result in row.seeds
    )
    renewed = row.model_copy(update={"seeds": seeds})
    rows = tuple(renewed if other is row else other for other in made.board.rows)
    return made.board.model_copy(update={"rows": rows})


def found(board, made):
    runs = collapses(board, "xnli", gather_predictions(board, made.predictions))
    return [(run.sequence, run.seed, run.kind) for run in runs]


@pytest.fixture
def made(tmp_path):
    return experiment(tmp_path, languages=FOUR, effects=1.0)


def test_runs_that_learned_are_not_named(made):
    assert found(made.board, made) == []


def test_one_label_for_every_item_is_a_collapse(made, tmp_path):
    board = overwrite(made, "rte → xnli", 2, lambda labels, tasks: np.zeros(len(labels)))
    assert found(board, made) == [("rte → xnli", 2, "constant")]
    published = publish(board, tmp_path / "boards", made.predictions)
    page = published.markdown.read_text()
    assert "**Did not learn**" in page
    assert "> - rte → xnli, seed 2: one prediction for every item (entailment) in every language" in page
    assert "1 of 15 runs did not learn" in page
    # It counts like all others: the average of its row is there, and is lower for it.
    row = next(row for row in published.publication.of(SCORES, "xnli").rows if row.sequence == "rte → xnli")
    assert row.average is not None and row.average.n == 3
    assert not verify(published.markdown).differences


def test_a_single_language_that_collapses_is_named(made):
    board = overwrite(
        made,
        "xnli",
        1,
        lambda labels, tasks: np.where(tasks == "xtreme_xnli_sw", 1, labels),
    )
    (run,) = collapses(board, "xnli", gather_predictions(board, made.predictions))
    assert (run.kind, run.tasks) == ("constant", ("xtreme_xnli_sw",))
    assert "1 of 4 languages (sw)" in run.detail


def test_guessing_is_chance(made):
    drawing = np.random.default_rng(3)
    board = overwrite(made, "xnli", 1, lambda labels, tasks: drawing.integers(0, 3, len(labels)))
    assert found(board, made) == [("xnli", 1, "chance")]


def test_a_loss_that_rose_is_named_without_predictions(made):
    rows = list(made.board.rows)
    note = "the loss of the stage rte rose from 0.70 at step 1 to 4.00 at step 78"
    first = rows[0].seeds[0].model_copy(update={"notes": (note,)})
    rows[0] = rows[0].model_copy(update={"seeds": (first, *rows[0].seeds[1:])})
    board = made.board.model_copy(update={"rows": tuple(rows)})
    assert [(run.kind, run.detail) for run in collapses(board, "xnli", None)] == [("loss", note)]
