import numpy as np
import pytest
import torch

from harness.data.rows import load_training_rows
from harness.kinds.collator import Draw
from harness.kinds.registry import task_kind
from harness.kinds.token_rows import IGNORED_LABEL
from harness.models.references import ModelRef
from harness.training import tokenized
from harness.training.tokenized import tokenized_rows

from .models import TASK

CPU = torch.device("cpu")
DRAW = Draw(0, 1)


@pytest.fixture
def rows(laboratory, monkeypatch, tmp_path):
    monkeypatch.setenv("XSTILTS_CACHE", str(tmp_path))
    tokenized._in_process.clear()
    return load_training_rows(TASK, data_dir=laboratory.folder / "data")


def test_a_batch_equals_what_the_tokenizer_pads_itself(laboratory, rows):
    from transformers import AutoTokenizer

    found = tokenized_rows(TASK, rows.fingerprint, lambda: rows, ModelRef.at(laboratory.folder / "bert"), 16)
    chosen = np.array([5, 0, 33, 69])
    batch = task_kind("classification").model.collator(TASK, found).tensors(chosen, CPU, DRAW)
    part = rows.dataset.select(chosen.tolist())
    tokenizer = AutoTokenizer.from_pretrained(laboratory.folder / "bert")
    expected = tokenizer(
        part["text_a"][:],
        part["text_b"][:],
        truncation="longest_first",
        max_length=16,
        padding=True,
        pad_to_multiple_of=8,
        return_tensors="pt",
    )
    assert set(batch) == {*expected, "labels"}
    for name, tensor in expected.items():
        assert torch.equal(batch[name], tensor), name
    assert batch["labels"].tolist() == part["label"][:]


def test_no_row_gives_one_that_counts_nothing(laboratory, rows):
    model = ModelRef.at(laboratory.folder / "xlm-roberta")
    found = tokenized_rows(TASK, rows.fingerprint, lambda: rows, model, 16)
    batch = task_kind("classification").model.collator(TASK, found).tensors(np.array([], np.int64), CPU, DRAW)
    assert batch["labels"].tolist() == [IGNORED_LABEL] and batch["input_ids"].shape[0] == 1
    assert "token_type_ids" not in batch


def test_rows_are_tokenized_once_and_a_damaged_file_is_made_again(laboratory, rows, tmp_path):
    loaded = []

    def load():
        loaded.append(1)
        return rows

    def read():
        tokenized._in_process.clear()
        return tokenized_rows(TASK, rows.fingerprint, load, ModelRef.at(laboratory.folder / "bert"), 16)

    first, second = read(), read()
    assert len(loaded) == 1 and (first.ids == second.ids).all()
    (file,) = (tmp_path / "tokenized").iterdir()
    file.write_bytes(file.read_bytes()[:200])
    third = read()
    assert len(loaded) == 2 and third.ids.tolist() == load_ids(laboratory, rows)


def load_ids(laboratory, rows):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(laboratory.folder / "bert")
    encoded = tokenizer(rows.dataset["text_a"][:], rows.dataset["text_b"][:], truncation=True, max_length=16)
    return [token for row in encoded["input_ids"] for token in row]
