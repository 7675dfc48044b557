"""The one table of item scores: written, read back, and read within limits where it comes from elsewhere."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.metrics.base import ItemScore, Metric
from harness.metrics.item_file import read_items, read_predictions, write_items, write_predictions
from harness.metrics.item_scores import ItemScores, PredictionsError, TaskItems, decode, encode


def answers(task: str = "tydiqa_en", **changes) -> TaskItems:
    values = {
        "items": ["q1", "q2", "q3"],
        "clusters": ["p1", "p1", "p2"],
        "predictions": ["Paris", "", '["a", "ü"]'],
        "references": ['["Paris"]', '["Rome"]', '["b"]'],
        "scores": {
            "f1": ItemScores.of([1.0, 0.0, 2 / 3], [1, 1, 1]),
            "exact_match": ItemScores.of([1, 0, 0], [1, 1, 1]),
        },
    }
    return TaskItems.of(task, task[-2:], **{**values, **changes})


def test_what_is_written_is_read_back_alike(tmp_path):
    span = ItemScores.of([2, 0, 4], [3, 0, 4])
    tasks = [answers(), answers("wikiann_de", scores={"span_f1": span})]
    assert write_items(tasks, tmp_path / "items.parquet") == 9
    read = read_items(tmp_path / "items.parquet")
    assert list(read) == ["tydiqa_en", "wikiann_de"]
    for task in tasks:
        found = read[task.task]
        assert found.difference(task) is None and found.language == task.language
        assert found.clusters.decoded().tolist() == ["p1", "p1", "p2"]
        assert list(found.scores) == list(task.scores)
    assert read["wikiann_de"].score == 6 / 7
    assert read["tydiqa_en"].scores["exact_match"].score == 1 / 3


def test_predictions_of_many_checkpoints_share_what_is_the_same(tmp_path):
    other = answers(predictions=["Rome", "", "x"])
    given = {("rte → xnli", 1): {"tydiqa_en": answers()}, ("rte → xnli", 2): {"tydiqa_en": other}}
    write_predictions(given, tmp_path / "x.parquet")
    read = read_predictions(tmp_path / "x.parquet")
    first, second = read["rte → xnli", 1]["tydiqa_en"], read["rte → xnli", 2]["tydiqa_en"]
    assert first.items is second.items and first.references is second.references
    assert second.predictions.decoded().tolist() == ["Rome", "", "x"]
    assert first.difference(second) == "2 of 3 predictions differ (items q1, q3)"


def test_a_task_with_more_labels_than_a_byte_holds_is_stored(tmp_path):
    names = [f"label-{number}" for number in range(500)]
    many = answers(
        items=[str(n) for n in range(500)],
        clusters=None,
        predictions=names,
        references=names[::-1],
        scores={"accuracy": ItemScores.of(np.zeros(500), np.ones(500))},
    )
    write_items([many], tmp_path / "items.parquet")
    assert read_items(tmp_path / "items.parquet")["tydiqa_en"].predictions.decoded().tolist() == names


@pytest.mark.parametrize("value", ["Paris", "3", "null", '"x"', "", [1, "ü"], {"a": None}, 0.1, "[" * 9_000])
def test_a_prediction_is_read_as_what_was_written(value):
    assert decode(encode(value)) == value
    assert type(decode(encode(value))) is type(value)


def test_scores_are_recomputed_from_what_is_stored(tmp_path):
    class Share(Metric):
        name, title, aggregate = "share", "Share", "ratio"

        def item_scores(self, predictions, references):
            return [
                ItemScore(len(set(guess) & set(due)), len(due))
                for guess, due in zip(predictions, references, strict=True)
            ]

    given = TaskItems.scored("t", "en", ["1", "2"], [["a"], ["b"]], [["a", "c"], ["d"]], [Share()])
    write_items([given], tmp_path / "items.parquet")
    read = read_items(tmp_path / "items.parquet")["t"]
    assert read.score == 1 / 3
    assert read.scored_again([Share()])["share"].equals(read.scores["share"])


@pytest.mark.parametrize(
    ("numerators", "denominators"), [([1.0], [1.0, 1.0]), ([float("nan")], [1.0]), ([1.0], [-1.0])]
)
def test_scores_that_are_none_are_refused(numerators, denominators):
    with pytest.raises(ValueError, match="item score"):
        ItemScores.of(numerators, denominators)


def changed(path, **columns):
    """Write a stored file with other columns."""
    write_items([answers()], path)
    table = pq.read_table(path)
    for name, column in columns.items():
        table = table.set_column(table.column_names.index(name), name, column)
    pq.write_table(table, path)
    return path


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("numerator", pa.array([1.0, float("inf")] + [0.0] * 4), "tydiqa_en, f1: item scores are finite"),
        ("denominator", pa.array([-1.0] * 6), "a denominator of an item score is negative"),
        ("denominator", pa.array([1] * 6, pa.int8()), "the column denominator is int8, not double"),
        ("prediction", pa.array([None] + ["x"] * 5), "values are missing"),
        ("prediction", pa.array(["x"] * 5 + ["y"]), "has other items or answers under exact_match"),
        ("metric", pa.array(["f1"] * 3 + ["em", "em", "f1"]), "other items or answers under em"),
        ("task", pa.array(["a", "a", "b", "a", "a", "a"]), "the rows of a are not together"),
        ("item", pa.array([1] * 6), "the column item is no text"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path, column, values, message):
    with pytest.raises(PredictionsError, match=message):
        read_items(changed(tmp_path / "items.parquet", **{column: values}))


def test_a_table_of_the_first_format_is_refused_with_what_helps(tmp_path):
    columns = {"task": ["a"], "item_id": ["0"], "label": pa.array([0], pa.int8()), "prediction": ["0"]}
    pq.write_table(pa.table(columns), tmp_path / "old.parquet")
    with pytest.raises(PredictionsError, match=r"first format.*up to commit .*score the checkpoint again"):
        read_items(tmp_path / "old.parquet")


def test_a_text_too_long_to_read_back_is_not_written(tmp_path):
    with pytest.raises(PredictionsError, match="at most 65,536 can be stored"):
        write_items([answers(predictions=["x" * 70_000, "", ""])], tmp_path / "items.parquet")


def stored(path, item: str, rows: int):
    def same(text: str):
        return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([text]))

    texts = ("task", "language", "item", "cluster", "prediction", "reference", "metric")
    columns = {name: same(item if name == "item" else "a") for name in texts}
    columns |= {name: pa.array([1.0] * rows) for name in ("numerator", "denominator")}
    pq.write_table(pa.table(columns), path)


def test_references_to_one_long_text_are_not_followed(tmp_path):
    path = tmp_path / "x.parquet"
    stored(path, "x" * 70_000, rows=100_000)
    assert path.stat().st_size < 150_000
    with pytest.raises(PredictionsError, match="holds a text of more than 65,536 bytes"):
        read_items(path)


def test_more_than_a_machine_holds_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.metrics.item_file._MOST_BYTES", 100_000)
    stored(tmp_path / "x.parquet", "1", rows=100_000)
    with pytest.raises(PredictionsError, match="unpacks to more than"):
        read_items(tmp_path / "x.parquet")
