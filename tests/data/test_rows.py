from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Value

from harness.config.catalogue import Catalogue
from harness.data.rows import NoSourceError, load_training_rows
from harness.embedded import corpus
from harness.kinds.columns import MissingColumnError
from harness.kinds.input_texts import NotTextError
from harness.kinds.labels import UnknownLabelError, UnlabelledRowsError
from harness.kinds.sources import HubSource
from tests.data.tasks import NLI, nli

TSV = 'He said "no.\tNA\tneutral\nIt rains.\tIt is wet.\tentailment\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train.tsv").write_text(TSV)
    return tmp_path


@pytest.fixture
def repository(tmp_path: Path) -> HubSource:
    """The rows of TSV, as a hub repository holds them."""
    path = tmp_path / "repository" / "train.parquet"
    path.parent.mkdir()
    texts = {"premise": ['He said "no.', "It rains."], "hypothesis": ["NA", "It is wet."], "label": [1, 0]}
    Dataset(pa.table(texts)).cast_column("label", ClassLabel(names=[*NLI])).to_parquet(path)
    return HubSource(repository=str(path.parent))


def test_rows_have_texts_and_label_ids(folder: Path) -> None:
    rows = load_training_rows(nli("train.tsv"), data_dir=folder)
    assert rows.dataset.to_list() == [
        {"text_a": 'He said "no.', "text_b": "NA", "label": 1},
        {"text_a": "It rains.", "text_b": "It is wet.", "label": 0},
    ]
    assert rows.dataset.features["label"] == Value("int64")
    assert (rows.source, rows.revision) == ("folder: train.tsv", None)


def test_of_several_data_folders_the_first_that_has_a_file_counts(folder: Path, tmp_path: Path) -> None:
    for name, text in (("empty", ""), ("first", "a\tb\tneutral\n"), ("second", "c\td\tneutral\n")):
        (tmp_path / name).mkdir()
        if text:
            (tmp_path / name / "train.tsv").write_text(text)
    folders = tuple(tmp_path / name for name in ("empty", "first", "second"))
    assert load_training_rows(nli("train.tsv"), data_dir=folders).dataset["text_a"][:] == ["a"]


def test_single_texts_leave_text_b_null(folder: Path) -> None:
    rows = load_training_rows(nli("train.tsv", inputs=("hypothesis",)), data_dir=folder)
    assert rows.dataset["text_b"][:] == [None, None]
    assert rows.dataset.features["text_b"] == Value("string")


def test_the_folder_comes_before_the_hub_and_both_give_the_same_rows(
    folder: Path, repository: HubSource
) -> None:
    task = nli("train.tsv", hub=repository)
    here = load_training_rows(task, data_dir=folder)
    hub = load_training_rows(task, data_dir=None)
    assert here.source == "folder: train.tsv"
    assert hub.source.startswith("hub: ")
    assert here.dataset.to_list() == hub.dataset.to_list()
    assert here.fingerprint == hub.fingerprint


def test_a_faulty_file_is_an_error_and_never_a_reason_to_look_elsewhere(
    folder: Path, repository: HubSource
) -> None:
    (folder / "train.tsv").write_text(TSV + "a\tb\tmaybe\n")
    with pytest.raises(UnknownLabelError, match=r"train\.tsv, line 3: label is 'maybe'"):
        load_training_rows(nli("train.tsv", hub=repository), data_dir=folder)


@pytest.mark.parametrize("given", [True, False])
def test_where_no_source_is_at_hand_each_is_listed_with_its_reason(tmp_path: Path, given: bool) -> None:
    task = nli("absent.tsv", hub=HubSource(repository="nyu-mll/glue", config="mnli"))
    with pytest.raises(NoSourceError) as caught:
        load_training_rows(task, data_dir=tmp_path if given else None)
    first, folder, hub = str(caught.value).splitlines()
    assert "'nli'" in first
    assert ("absent.tsv: no such file" if given else "none is named by --data-dir or XSTILTS_DATA") in folder
    assert "nyu-mll/glue, config mnli, split train: the hub cannot be reached" in hub


def test_unlabelled_rows_are_refused_or_dropped_where_the_task_says_so(folder: Path) -> None:
    (folder / "train.tsv").write_text("a\tb\t-\n" + TSV)
    with pytest.raises(
        UnlabelledRowsError, match=r"train\.tsv, line 1: .*1 of 3 rows; .*drop_unlabelled: true"
    ):
        load_training_rows(nli("train.tsv"), data_dir=folder)
    kept = load_training_rows(nli("train.tsv", drop_unlabelled=True), data_dir=folder)
    assert kept.dataset["text_a"][:] == ['He said "no.', "It rains."]


def test_a_null_text_is_refused_with_its_row(tmp_path: Path) -> None:
    table = pa.table({"premise": ["a", None], "hypothesis": ["b", "c"], "label": ["neutral"] * 2})
    pq.write_table(table, tmp_path / "train.parquet")
    task = nli("train.parquet", folder={"format": "parquet", "columns": None})
    with pytest.raises(NotTextError, match=r"train\.parquet, row 2: premise is None"):
        load_training_rows(task, data_dir=tmp_path)


def test_another_number_of_rows_than_published_and_absent_labels_are_warned_of(folder: Path) -> None:
    rows = load_training_rows(nli("train.tsv", expected_rows=392_702), data_dir=folder)
    size, absent = rows.warnings
    assert "has 2 rows where the published data set has 392,702" in size
    assert "no row labeled contradiction" in absent
    assert load_training_rows(nli("train.tsv", expected_rows=2), data_dir=folder).warnings == (absent,)


def test_the_embedded_corpus_serves_where_nothing_else_does(tmp_path: Path) -> None:
    name = next(name for name in corpus.corpus_names() if len(corpus.label_names(name)) == 3)
    task = nli("absent.tsv", embedded=name, labels=tuple(corpus.label_names(name)))
    rows = load_training_rows(task, data_dir=tmp_path)
    assert rows.source == f"embedded: {name}, train"
    assert len(rows.dataset) == len(corpus.training_rows(name))
    assert not rows.warnings


def test_a_single_text_data_set_of_the_corpus_is_no_pair_task() -> None:
    name = next(name for name in corpus.corpus_names() if corpus.training_rows(name)[0].text_b is None)
    labels = tuple(corpus.label_names(name))
    rows = load_training_rows(nli(embedded=name, labels=labels, inputs=("premise",)), data_dir=None)
    assert set(rows.dataset["text_b"][:]) == {None}
    with pytest.raises(MissingColumnError, match=r"1 text\(s\), but the task names 2 input\(s\)"):
        load_training_rows(nli(embedded=name, labels=labels), data_dir=None)


def test_an_unknown_data_set_of_the_corpus_is_refused() -> None:
    with pytest.raises(corpus.UnknownCorpusError, match="'mini_nlj'; there are mini_nli"):
        load_training_rows(nli(embedded="mini_nlj"), data_dir=None)


EMBEDDED = {name: task for name, task in Catalogue.load().training_tasks.items() if task.sources.embedded}


@pytest.mark.parametrize("name", EMBEDDED)
def test_shipped_tasks_of_the_corpus_have_its_labels_and_the_rows_that_they_promise(name: str) -> None:
    rows = load_training_rows(EMBEDDED[name], data_dir=None)
    assert not rows.warnings
    assert len(rows.dataset) == EMBEDDED[name].expected_rows


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("xnli", 2490),
        ("pawsx", 2000),
        ("rte", 2490),
        ("cola", 7250),
        ("panx_en", 20_000),
        ("copa", 400),
    ],
)
def test_shipped_tasks_find_their_files_in_the_data_folder(shared_data: Path, name: str, rows: int) -> None:
    task = Catalogue.load().training_tasks[name]
    loaded = load_training_rows(task, data_dir=shared_data)
    assert loaded.source == f"folder: {task.sources.layouts[0].path}"
    assert len(loaded.dataset) == rows
