import json
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets.packaged_modules.parquet.parquet import Parquet

from harness.data.sources.hub import HubDataError, HubUnavailableError, read_hub
from harness.kinds.columns import MissingColumnError
from harness.kinds.sources import HubSource

COLUMNS = ("premise", "hypothesis", "label")
COMMIT = "b8dd5d7af51114dbda02c0e3f6133f332186418e"
CARD = """---
configs:
- config_name: de
  data_files:
  - split: test
    path: de/test-*
dataset_info:
- config_name: de
  features:
  - name: premise
    dtype: string
  - name: hypothesis
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': entailment
          '1': neutral
          '2': contradiction
---
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def parquet_file(tmp_path: Path) -> Path:
    path = tmp_path / "repository" / "de" / "test-00000-of-00001.parquet"
    path.parent.mkdir(parents=True)
    texts = {"premise": ["Er ging.", "Sie kam."], "hypothesis": ["Er blieb.", "NA"], "label": [2, 0]}
    pq.write_table(pa.table(texts), path)
    return path


@pytest.fixture
def repository(tmp_path: Path, parquet_file: Path) -> Path:
    """A folder laid out as `facebook/xnli` is on the hub: a card, and one folder of parquet per config."""
    folder = tmp_path / "repository"
    (folder / "README.md").write_text(CARD)
    return folder


@pytest.fixture
def cached_at_commit(tmp_path: Path, parquet_file: Path) -> None:
    """What `load_dataset("facebook/xnli", "de")` leaves in its cache."""
    place = tmp_path / "cache" / "facebook___xnli" / "de" / "0.0.0" / "0123456789abcdef"
    builder = Parquet(
        cache_dir=str(tmp_path / "made"),
        dataset_name="xnli",
        config_name="de",
        data_files={"test": [str(parquet_file)]},
    )
    builder.download_and_prepare(output_dir=str(place))
    info = place / "dataset_info.json"
    recorded = json.loads(info.read_text())
    address = f"hf://datasets/facebook/xnli@{COMMIT}/de/test-00000-of-00001.parquet"
    recorded["download_checksums"] = {address: {"num_bytes": parquet_file.stat().st_size, "checksum": None}}
    recorded["config_name"] = "de"
    info.write_text(json.dumps(recorded))


def test_a_repository_is_read_with_its_class_names(repository: Path) -> None:
    source = read_hub(HubSource(repository=str(repository), config="de", split="test"), COLUMNS)
    assert source.columns["hypothesis"] == ["Er blieb.", "NA"]
    assert source.columns["label"] == [2, 0]
    assert source.class_names == {"label": ("entailment", "neutral", "contradiction")}
    assert source.revision is None
    assert source.place(1).endswith("split test, row 2")


@pytest.mark.parametrize(("config", "split"), [("xx", "test"), ("de", "nosplit")])
def test_an_unknown_config_or_split_is_refused(repository: Path, config: str, split: str) -> None:
    with pytest.raises(HubDataError, match=f"config {config}, split {split}: cannot be loaded"):
        read_hub(HubSource(repository=str(repository), config=config, split=split), COLUMNS)


def test_a_missing_column_is_refused(repository: Path) -> None:
    with pytest.raises(MissingColumnError, match="no column 'text'; its columns are 'premise'"):
        read_hub(HubSource(repository=str(repository), config="de", split="test"), ("text", "label"))


def test_without_network_the_remedy_is_a_data_folder() -> None:
    with pytest.raises(
        HubUnavailableError, match=r"facebook/xnli, config de.*--data-dir \(or XSTILTS_DATA\)"
    ):
        read_hub(HubSource(repository="facebook/xnli", config="de", split="test", revision=COMMIT), COLUMNS)


@pytest.mark.usefixtures("cached_at_commit")
@pytest.mark.parametrize("revision", [COMMIT, "main"])
def test_without_network_the_cached_copy_is_used_and_its_commit_recorded(revision: str) -> None:
    wanted = HubSource(repository="facebook/xnli", config="de", split="test", revision=revision)
    source = read_hub(wanted, COLUMNS)
    assert source.columns["premise"] == ["Er ging.", "Sie kam."]
    assert source.revision == COMMIT


@pytest.mark.usefixtures("cached_at_commit")
def test_a_cached_copy_of_another_commit_is_refused() -> None:
    wanted = HubSource(repository="facebook/xnli", config="de", split="test", revision="f" * 40)
    with pytest.raises(
        HubDataError, match=f"revision f{{40}} was asked for, but only a cached copy of {COMMIT}"
    ):
        read_hub(wanted, COLUMNS)


def test_what_is_neither_a_folder_nor_a_repository_name_is_refused() -> None:
    with pytest.raises(HubDataError, match="not the name of a hub repository"):
        read_hub(HubSource(repository="no/such/folder"), COLUMNS)
