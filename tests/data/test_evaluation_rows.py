import json
from collections import Counter
from pathlib import Path

import pytest

from harness.data.evaluation_rows import (
    MisalignedFilesError,
    UnknownEvaluationDataError,
    load_evaluation_rows,
)
from harness.data.rows import NoSourceError
from harness.embedded import corpus
from harness.kinds.labels import UnlabelledRowsError
from tests.corpora import CORPORA

EN = "He left.\tHe stayed.\tcontradiction\nIt rains.\tIt is wet.\tentailment\n"
DE = "Er ging.\tEr blieb.\tcontradiction\nEs regnet.\tEs ist nass.\tentailment\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("test-en", EN), ("test-de", DE), ("dev-de", DE.splitlines(keepends=True)[0])):
        path = tmp_path / "xtreme" / "xnli" / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_an_item_has_the_same_id_in_every_language(folder: Path) -> None:
    de, en = (load_evaluation_rows(CORPORA["xnli"], language, data_dir=folder) for language in ("de", "en"))
    texts = {"text_a": "Es regnet.", "text_b": "Es ist nass."}
    assert de.dataset[1] == {"item_id": "1", "cluster": "1", **texts, "label": 0}
    assert de.dataset["item_id"][:] == en.dataset["item_id"][:] == ["0", "1"]
    assert de.label_names == ("entailment", "neutral", "contradiction")
    assert de.source == "folder: xtreme/xnli/test-de.tsv"
    assert de.fingerprint != en.fingerprint


def test_clusters_are_the_same_in_every_language_though_two_premises_read_alike_in_one(folder: Path) -> None:
    premises = {
        "en": ["He left.", "He left.", "It rains.", "He went."],
        "de": ["Er ging.", "Er ging.", "Es regnet.", "Er ging."],
    }
    for language, texts in premises.items():
        lines = "".join(f"{text}\t{row}\tneutral\n" for row, text in enumerate(texts))
        (folder / "xtreme" / "xnli" / f"test-{language}.tsv").write_text(lines)
    for language in premises:
        rows = load_evaluation_rows(CORPORA["xnli"], language, data_dir=folder)
        assert rows.dataset["cluster"][:] == ["0", "0", "2", "3"]


@pytest.mark.parametrize("language", ["en", "es", "sw"])
def test_the_three_hypotheses_of_a_real_premise_are_a_cluster(shared_data: Path, language: str) -> None:
    rows = load_evaluation_rows(CORPORA["xnli"], language, data_dir=shared_data)
    assert rows.dataset["cluster"][:] == [str(row // 3 * 3) for row in range(5010)]


@pytest.mark.parametrize(
    ("corpus_name", "file", "ids"),
    [
        ("xquad", "xquad.en.json", ["q0", "q0", "q2", "q3"]),
        ("tydiqa", "dev-en.json", ["q0", "q0", "q2", "q0"]),
    ],
)
def test_questions_on_one_passage_are_a_cluster(
    tmp_path: Path, corpus_name: str, file: str, ids: list[str]
) -> None:
    answers = [{"text": "Rain", "answer_start": 0}]
    passages = ["Rain falls.", "Rain falls.", "Rain fell.", "Rain falls."]
    paragraphs = [
        {"context": text, "qas": [{"id": f"q{number}", "question": "What?", "answers": answers}]}
        for number, text in enumerate(passages)
    ]
    path = tmp_path / "xtreme" / corpus_name / file
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"data": [{"title": "t", "paragraphs": paragraphs}]}))
    rows = load_evaluation_rows(CORPORA[corpus_name], "en", data_dir=tmp_path)
    assert rows.dataset["cluster"][:] == ids


def test_the_validation_split_is_xtremes_dev(folder: Path) -> None:
    rows = load_evaluation_rows(CORPORA["xnli"], "de", split="validation", data_dir=folder)
    assert len(rows.dataset) == 1
    assert rows.source.endswith("dev-de.tsv")
    assert "has 1 rows where the published data set has 2,490" in rows.warnings[0]


def test_files_of_different_length_are_refused(folder: Path) -> None:
    (folder / "xtreme" / "xnli" / "test-sw.tsv").write_text("a\tb\tneutral")
    with pytest.raises(MisalignedFilesError, match=r"test-sw\.tsv: 1 rows, but .*test-en\.tsv has 2;"):
        load_evaluation_rows(CORPORA["xnli"], "sw", data_dir=folder)


def test_files_whose_rows_are_other_items_are_refused_by_their_labels(folder: Path) -> None:
    labels = ["entailment", "neutral", "contradiction"] * 20
    for language, given in (("en", labels), ("de", labels[1:] + labels[:1])):
        lines = (f"{language} {row}\tb\t{label}\n" for row, label in enumerate(given))
        (folder / "xtreme" / "xnli" / f"test-{language}.tsv").write_text("".join(lines))
    with pytest.raises(MisalignedFilesError, match=r"test-de\.tsv: 60 of 60 rows .*test-en\.tsv, .* row 1;"):
        load_evaluation_rows(CORPORA["xnli"], "de", data_dir=folder)
    # Some labels of translations may rightly be others.
    (folder / "xtreme" / "xnli" / "test-de.tsv").write_text(
        "".join(f"a\tb\t{label}\n" for label in ["neutral", *labels[1:]])
    )
    assert len(load_evaluation_rows(CORPORA["xnli"], "de", data_dir=folder).dataset) == 60


@pytest.mark.parametrize("corpus_name", ["xnli", "pawsx"])
def test_real_translations_are_aligned(shared_data: Path, corpus_name: str) -> None:
    files = sorted((shared_data / "xtreme" / corpus_name).glob("test-*.tsv"))
    assert len(files) >= 4
    for path in files:
        load_evaluation_rows(CORPORA[corpus_name], path.stem.removeprefix("test-"), data_dir=shared_data)


def test_an_unlabelled_test_set_is_refused_and_not_scored_as_wrong(folder: Path) -> None:
    (folder / "xtreme" / "xnli" / "test-de.tsv").write_text("a\tb\t\nc\td\t\n")
    with pytest.raises(UnlabelledRowsError, match=r"test-de\.tsv, line 1: .*2 of 2 rows"):
        load_evaluation_rows(CORPORA["xnli"], "de", data_dir=folder)


def test_a_missing_language_names_both_places(folder: Path) -> None:
    with pytest.raises(NoSourceError) as caught:
        load_evaluation_rows(CORPORA["xnli"], "th", data_dir=folder)
    first, here, hub = str(caught.value).splitlines()
    assert "XNLI test, language 'th'" in first
    assert "test-th.tsv: no such file" in here
    assert "facebook/xnli, config th, split test: the hub cannot be reached" in hub


@pytest.mark.parametrize(
    ("name", "language", "split", "message"),
    [
        ("pawsx", "sw", "test", "no language of PAWS-X 'sw'; there are en, de, es, fr, ja, ko, zh"),
        ("xnli", "de", "dev", "no split of XNLI 'dev'; there are test, validation"),
    ],
)
def test_unknown_names_are_refused(folder: Path, name: str, language: str, split: str, message: str) -> None:
    with pytest.raises(UnknownEvaluationDataError, match=message):
        load_evaluation_rows(CORPORA[name], language, split=split, data_dir=folder)


def test_the_embedded_corpus_is_parallel() -> None:
    mini = CORPORA["mini_nli"]
    assert set(mini.languages) == set(corpus.languages("mini_nli"))
    loaded = [load_evaluation_rows(mini, language) for language in mini.languages]
    for rows in loaded[1:]:
        assert rows.dataset["label"][:] == loaded[0].dataset["label"][:]
        assert rows.fingerprint != loaded[0].fingerprint
    with pytest.raises(UnknownEvaluationDataError, match="no language of Mini NLI 'xx'"):
        load_evaluation_rows(mini, "xx")


@pytest.mark.parametrize(
    "name", [name for name, found in CORPORA.items() if found.definition.sources.embedded]
)
def test_every_label_of_an_embedded_corpus_occurs(name: str) -> None:
    for split in ("test", "validation"):
        rows = load_evaluation_rows(CORPORA[name], "en", split=split)
        assert set(rows.dataset["label"][:]) == set(range(len(rows.label_names)))


@pytest.mark.parametrize("language", ["en", "de", "es", "sw", "th", "zh"])
def test_xnlis_test_files_are_read_whole(shared_data: Path, language: str) -> None:
    rows = load_evaluation_rows(CORPORA["xnli"], language, data_dir=shared_data)
    assert Counter(rows.dataset["label"][:]) == {0: 1670, 1: 1670, 2: 1670}
    assert not rows.warnings


def test_pawsx_labels_mean_paraphrase(shared_data: Path) -> None:
    rows = load_evaluation_rows(CORPORA["pawsx"], "zh", data_dir=shared_data)
    assert rows.label_names == ("not_paraphrase", "paraphrase")
    assert Counter(rows.dataset["label"][:]) == {0: 1106, 1: 894}
