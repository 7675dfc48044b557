import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.data.rows import load_training_rows
from harness.data.sources.text_file import MalformedFileError
from harness.errors import UserError
from harness.kinds.examples import FaultyRowError
from tests.kinds.tasks import folder_task as task


def squad(*questions: dict[str, Any], context: str = "It rained in Rome.") -> dict[str, Any]:
    return {"data": [{"paragraphs": [{"context": context, "qas": list(questions)}]}]}


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
        ('{"data": 5}', MalformedFileError, "'data' must be a list"),
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
