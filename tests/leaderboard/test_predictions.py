"""Predictions from elsewhere are read within limits."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.leaderboard.predictions import PredictionsError, read_predictions


def stored(path, item: str, rows: int):
    def same(text: str):
        return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([text]))

    columns = {"sequence": same("rte → xnli"), "task": same("xtreme_xnli_en"), "item": same(item)}
    columns["seed"] = pa.array([1] * rows, pa.int32())
    columns |= {name: pa.array([0] * rows, pa.int8()) for name in ("label", "prediction")}
    pq.write_table(pa.table(columns), path)


def test_references_to_one_long_name_are_not_followed(tmp_path):
    path = tmp_path / "x.predictions.parquet"
    stored(path, "x" * 20_000, rows=100_000)
    assert path.stat().st_size < 100_000
    with pytest.raises(PredictionsError, match="holds a name of more than 10,000 bytes"):
        read_predictions(path)


def test_more_than_a_machine_holds_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.leaderboard.predictions._MOST_BYTES", 100_000)
    path = tmp_path / "x.predictions.parquet"
    stored(path, "1", rows=100_000)
    with pytest.raises(PredictionsError, match="unpacks to more than"):
        read_predictions(path)
