"""XTREME's mock submission, as predictions of a leaderboard, comes out of the export as it went in."""

import json
from pathlib import Path

import pytest

from harness.config.catalogue import Catalogue
from harness.export.xtreme import IncompleteTestSetError, NothingToExportError, export_xtreme
from harness.kinds.registry import kind_of
from harness.metrics.item_scores import TaskItems
from tests.export.xtreme_files import answers, lines, pairs, sentences

MOCK = Path(__file__).parents[3] / "shared/reference/xtreme_mock"
READERS = {
    "xnli": lines,
    "pawsx": lines,
    "panx": sentences,
    "udpos": sentences,
    "xquad": answers,
    "mlqa": answers,
    "tydiqa": answers,
    "bucc2018": pairs,
    "tatoeba": lines,
}
CORPORA = Catalogue.load().corpora


def items_of(name: str, language: str, data: Path) -> TaskItems:
    """Return the mock's predictions as a leaderboard keeps them."""
    corpus, read = CORPORA[name], READERS[name]
    suffix = "json" if read is answers else "tsv"
    found, due = read(
        *(MOCK / part / name / f"test-{language}.{suffix}" for part in ("predictions", "labels"))
    )
    names = [str(row) for row in range(len(found))]
    if read is answers:
        documents = json.loads((MOCK / "labels" / name / f"test-{language}.json").read_text())["data"]
        names = [qa["id"] for one in documents for part in one["paragraphs"] for qa in part["qas"]]
    if name == "bucc2018":
        both = [path.read_text().split()[::2] for path in (MOCK.glob(f"*/{name}/test-{language}.tsv"))]
        names = sorted({one for part in both for one in part})
    if name == "pawsx":
        values = corpus.task.label_values
        found, due = ([values[label] for label in part] for part in (found, due))
    if name == "tatoeba":
        # XTREME sorts the English side: line i of its file is line rows[i] of LASER's.
        rows = [row * 7 % len(found) for row in range(len(found))]
        texts = {row: f"Sentence {place}." for place, row in enumerate(rows)}
        code = next(layout for layout in corpus.sources(language, "test").layouts if layout.aligned)
        path = data / code.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"Satz {row}.\n" for row in range(len(found))))
        (data / code.aligned["target_sentence"]).write_text(
            "".join(f"{texts[row]}\n" for row in sorted(rows))
        )
        found, due = ([int(part[rows.index(row)]) for row in sorted(rows)] for part in (found, due))
    metrics = kind_of(corpus.task).metrics(corpus.task)
    return TaskItems.scored(f"{corpus.task_prefix}_{language}", language, names, found, due, metrics)


@pytest.fixture
def small(monkeypatch):
    """The mock has few items of each test set."""
    monkeypatch.setattr("harness.config.corpus.Corpus.expected_rows", lambda *_: None)


@pytest.mark.skipif(not MOCK.is_dir(), reason="needs ../shared/reference/xtreme_mock")
def test_the_mock_submission_comes_out_as_it_went_in(tmp_path, small):
    expected = json.loads((MOCK / "expected.json").read_text())
    predictions = [
        (CORPORA[name], items_of(name, language, tmp_path / "data"))
        for name in READERS
        for language in CORPORA[name].languages
    ]
    written = export_xtreme(predictions, CORPORA, tmp_path / "out", (tmp_path / "data",))
    assert len(written.files) == 15 + 7 + 40 + 33 + 11 + 7 + 9 + 4 + 36 and not written.missing
    theirs = {str(path.relative_to(MOCK / "predictions")): path for path in MOCK.glob("predictions/*/*")}
    assert written.files.keys() == theirs.keys()
    for name, path in theirs.items():
        own = (tmp_path / "out" / name).read_text()
        if path.suffix == ".json":
            assert json.loads(own) == json.loads(path.read_text()), name
        elif name.startswith("bucc2018"):
            assert sorted(own.splitlines()) == sorted(path.read_text().splitlines()), name
        else:
            assert own.strip() == path.read_text().strip(), name
            assert own.count("\n") == path.read_text().count("\n") or name.startswith(("panx", "udpos"))
    for name, read in READERS.items():
        metric = kind_of(CORPORA[name].task).metrics(CORPORA[name].task)[0]
        scores = []
        for path in sorted((MOCK / "labels" / name).iterdir()):
            pair = read(tmp_path / "out" / name / path.name, path)
            scores.append(metric.for_language(path.stem.removeprefix("test-")).score(*pair))
        theirs = expected[name]["accuracy" if metric.name == "accuracy" else "f1"]
        assert 100 * sum(scores) / len(scores) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.skipif(not MOCK.is_dir(), reason="needs ../shared/reference/xtreme_mock")
def test_a_part_of_a_test_set_is_no_submission_and_what_is_missing_is_said(tmp_path, monkeypatch):
    few = (CORPORA["xnli"], items_of("xnli", "de", tmp_path))
    with pytest.raises(IncompleteTestSetError, match="10 predictions, where the test set has 5,010 items"):
        export_xtreme([few], CORPORA, tmp_path / "out", ())
    with pytest.raises(NothingToExportError, match="of a target of XTREME"):
        export_xtreme([(CORPORA["xcopa"], few[1])], CORPORA, tmp_path / "out", ())
    monkeypatch.setattr("harness.config.corpus.Corpus.expected_rows", lambda *_: None)
    written = export_xtreme([few], CORPORA, tmp_path / "out", ())
    assert written.files == {"xnli/test-de.tsv": 10}
    assert len(written.missing) == 161 and "xnli/en" in written.missing and "bucc2018/zh" in written.missing
