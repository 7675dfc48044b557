import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.config.catalogue import Catalogue
from harness.data.rows import load_held_out_rows, load_training_rows
from harness.data.sources.text_file import MalformedFileError
from harness.errors import UserError
from harness.kinds.columns import MissingColumnError
from harness.kinds.examples import FaultyRowError
from harness.kinds.registry import TrainingTask, training_task


def task(kind: str, form: str, columns: list[str] | None = None, **fields: Any) -> TrainingTask:
    source = {"path": f"rows.{form}", "format": form} | ({"columns": columns} if columns else {})
    head = {"name": "own", "kind": kind, "title": "t", "citation": "c", "license": "l"}
    return training_task(head | {"sources": {"folder": source}, "held_out": {"folder": source}} | fields)


CHOICE = {"inputs": ["premise", "question"], "choices": ["a", "b"], "label": "right"}


def jsonl(folder: Path, *rows: dict[str, Any]) -> None:
    (folder / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def squad(*questions: dict[str, Any], context: str = "It rained in Rome.") -> dict[str, Any]:
    return {"data": [{"paragraphs": [{"context": context, "qas": list(questions)}]}]}


def test_candidates_stand_in_columns_or_in_one_column_of_lists_or_of_objects(tmp_path: Path) -> None:
    row = {"premise": "P.", "question": "cause", "a": "x", "b": "y", "right": 1}
    jsonl(tmp_path, row | {"endings": ["x", "y"], "inner": {"text": ["x", "y"], "label": ["A", "B"]}})
    words = {"question": {"cause": "Why?", "effect": "So?"}}
    expected = [{"text_a": "P. Why?", "text_b": None, "choices": ["x", "y"], "label": 1}]
    digests = set()
    for choices in (["a", "b"], ["endings"], ["inner.text"]):
        made = task("multiple_choice", "jsonl", **(CHOICE | {"choices": choices, "input_values": words}))
        rows = load_training_rows(made, data_dir=tmp_path)
        assert rows.dataset.to_list() == expected
        digests.add(rows.fingerprint)
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("change", "fields", "says"),
    [
        ({"right": 2}, {}, "line 2: right is 2, which names none of the 2 candidates"),
        ({"right": None}, {}, "line 2: right is None"),
        ({"right": "C"}, {"labels": ["A", "B"]}, "must be one of A, B"),
        ({"b": 5}, {}, "line 2: the candidates are"),
        ({"premise": None}, {}, "line 2: premise is None"),
        ({"question": "why"}, {"input_values": {"question": {"cause": "Why?"}}}, "none of 'cause'"),
        ({"a": ["x"]}, {"choices": ["a"]}, "1 candidates; 2 to 5 are allowed"),
        ({"a": ["x", "y", "z"]}, {"choices": ["a"]}, "3 candidates where row 1 has 2"),
    ],
)
def test_a_faulty_choice_is_refused(
    tmp_path: Path, change: dict[str, Any], fields: dict[str, Any], says: str
) -> None:
    sound: dict[str, Any] = {"premise": "P.", "question": "cause", "a": "x", "b": "y", "right": 0}
    if fields.get("choices"):
        sound["a"] = ["x", "y"]
    if fields.get("labels"):
        sound["right"] = "A"
    jsonl(tmp_path, sound, sound | change)
    with pytest.raises(FaultyRowError, match=says):
        load_training_rows(task("multiple_choice", "jsonl", **(CHOICE | fields)), data_dir=tmp_path)


def test_squad_files_and_tables_give_the_same_questions(tmp_path: Path) -> None:
    answer = {"text": "Rome", "answer_start": 13}
    questions = [
        {"question": "Where?", "answers": [answer]},
        {"question": "When?", "answers": [], "is_impossible": True, "plausible_answers": [answer]},
    ]
    (tmp_path / "rows.squad").write_text(json.dumps(squad(*questions)))
    listed = [{"text": ["Rome"], "answer_start": [13]}, {"text": [], "answer_start": []}]
    table = {"question": ["Where?", "When?"], "context": ["It rained in Rome."] * 2, "answers": listed}
    pq.write_table(pa.table(table), tmp_path / "rows.parquet")
    found = [
        load_training_rows(task("span_extraction", form, unanswerable=True), data_dir=tmp_path)
        for form in ("squad", "parquet")
    ]
    assert found[0].dataset.to_list()[0]["answer_starts"] == [13]
    assert found[0].fingerprint == found[1].fingerprint
    with pytest.raises(FaultyRowError, match=r"question 2: a question without .*unanswerable: true"):
        load_training_rows(task("span_extraction", "squad"), data_dir=tmp_path)


def test_an_answer_beside_its_place_is_found_and_one_nowhere_is_left_out(tmp_path: Path) -> None:
    near = {"question": "Where?", "answers": [{"text": "Rome", "answer_start": 12}]}
    nowhere = {"question": "Where?", "answers": [{"text": "Oslo", "answer_start": 13}]}
    (tmp_path / "rows.squad").write_text(json.dumps(squad(near, nowhere)))
    rows = load_training_rows(task("span_extraction", "squad"), data_dir=tmp_path)
    assert rows.dataset["answer_starts"][:] == [[13]]
    assert "questions left out, since their answers do not occur in their contexts: 1" in rows.warnings[0]


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        ("{", MalformedFileError, "not JSON"),
        ('{"data": 5}', MalformedFileError, "a list 'data' is due"),
        ('{"data": [{"paragraphs": [{"qas": [{"question": "a"}]}]}]}', MalformedFileError, "'answers'"),
        ('{"data": []}', MalformedFileError, "holds no question"),
        (json.dumps(squad({"question": "", "answers": []})), FaultyRowError, "question is ''"),
        (
            json.dumps(squad({"question": "a", "answers": [{"text": "It", "answer_start": -1}]})),
            FaultyRowError,
            "answer_start of one length",
        ),
    ],
)  # fmt: skip
def test_a_faulty_squad_file_is_refused(
    tmp_path: Path, content: str, error: type[UserError], says: str
) -> None:
    (tmp_path / "rows.squad").write_text(content)
    with pytest.raises(error, match=says):
        load_training_rows(task("span_extraction", "squad"), data_dir=tmp_path)


def test_tags_come_by_name_or_by_class_and_without_a_list_from_the_rows(tmp_path: Path) -> None:
    (tmp_path / "rows.conll").write_text("-DOCSTART-\n\nIn\tO\nRome\tB-LOC\n\n\n#\tO\n")
    made = task("tagging", "conll", ["words", "tags"], scheme="bio")
    rows = load_training_rows(made, data_dir=tmp_path)
    assert rows.labels == ("B-LOC", "O")
    assert rows.dataset.to_list() == [
        {"text_a": "In Rome", "text_b": None, "words": ["In", "Rome"], "tags": [1, 0]},
        {"text_a": "#", "text_b": None, "words": ["#"], "tags": [1]},
    ]
    pq.write_table(
        pa.table({"words": [["In", "Rome"], ["#"]], "tags": [[1, 0], [1]]}), tmp_path / "rows.parquet"
    )
    values = {"0": "B-LOC", "1": "O"}
    named = task("tagging", "parquet", labels=["B-LOC", "O"], label_values=values)
    assert load_training_rows(named, data_dir=tmp_path).fingerprint == rows.fingerprint
    held_out = load_held_out_rows(made, data_dir=tmp_path, trained=("O", "B-PER"))
    assert held_out is not None and held_out.dataset["tags"][:] == [[0, -1], [0]]


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        ("In O B-LOC\n", MalformedFileError, "line 1: 'In O B-LOC' is not words TAB tags"),
        ("In\tO\n\nRome\t\n", MalformedFileError, "line 3"),
        ("In\tO\nRome\tLOC\n", FaultyRowError, "'LOC' is neither O nor"),
        ("\n \n", MalformedFileError, "holds no rows"),
    ],
)
def test_a_faulty_tag_file_is_refused(
    tmp_path: Path, content: str, error: type[UserError], says: str
) -> None:
    (tmp_path / "rows.conll").write_text(content)
    with pytest.raises(error, match=says):
        load_training_rows(task("tagging", "conll", ["words", "tags"], scheme="bio"), data_dir=tmp_path)


def test_texts_are_lines_or_a_column_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "rows.text").write_text("Guten Tag.\n\n \n你好\n")
    (tmp_path / "rows.tsv").write_text("id\ttext\n1\tGuten Tag.\n2\t\n3\t你好\n")
    texts = load_training_rows(task("masked_lm", "text"), data_dir=tmp_path)
    assert texts.dataset["text_a"][:] == ["Guten Tag.", "你好"]
    assert load_training_rows(task("masked_lm", "tsv"), data_dir=tmp_path).fingerprint == texts.fingerprint
    with pytest.raises(MissingColumnError, match="'body'"):
        load_training_rows(task("masked_lm", "tsv", text="body"), data_dir=tmp_path)


def test_held_out_rows_that_are_not_at_hand_are_none(tmp_path: Path) -> None:
    assert load_held_out_rows(task("masked_lm", "text"), data_dir=tmp_path, trained=()) is None


@pytest.mark.parametrize(("name", "rows"), [("panx_en", 20_000), ("tydiqa_en", 3696), ("copa", 400)])
def test_shipped_tasks_find_their_files_in_the_data_folder(shared_data: Path, name: str, rows: int) -> None:
    loaded = load_training_rows(Catalogue.load().training_tasks[name], data_dir=shared_data)
    assert len(loaded.dataset) == rows
    assert not loaded.warnings
