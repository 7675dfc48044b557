from pathlib import Path

import pytest

from harness.data.rows import load_held_out_rows, load_training_rows
from harness.kinds.columns import MissingColumnError
from tests.kinds.tasks import folder_task as task


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
