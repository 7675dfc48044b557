from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.data.rows import load_held_out_rows, load_training_rows
from harness.data.sources.text_file import MalformedFileError
from harness.errors import UserError
from harness.kinds.examples import FaultyRowError
from tests.kinds.tasks import folder_task as task


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
