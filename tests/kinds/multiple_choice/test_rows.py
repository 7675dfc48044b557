import json
from pathlib import Path
from typing import Any

import pytest

from harness.data.rows import load_training_rows
from harness.kinds.examples import FaultyRowError
from tests.kinds.tasks import folder_task as task

CHOICE = {"inputs": ["premise", "question"], "choices": ["a", "b"], "label": "right"}


def jsonl(folder: Path, *rows: dict[str, Any]) -> None:
    (folder / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


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
