"""Whatever a data file holds, its rows are read or refused with the file's name and a remedy."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from harness.data.evaluation_rows import load_evaluation_rows
from harness.data.rows import load_training_rows
from harness.errors import UserError
from harness.kinds.registry import TrainingTask, training_task
from tests.corpora import CORPORA
from tests.data.tasks import NLI

COLUMNS = ("premise", "hypothesis", "label")
ROWS = [("He left.", "He stayed.", "contradiction"), ("It rains.", "“Wet” it is.", "entailment")] * 2


def _task(kind: str, form: str, **fields: Any) -> TrainingTask:
    head = {"name": "own", "kind": kind, "title": "t", "citation": "c", "license": "l"}
    columns = {"columns": COLUMNS} if form == "tsv" else {}
    return training_task(
        head | {"sources": {"folder": {"path": f"rows.{form}", "format": form} | columns}} | fields
    )


def _classification(form: str) -> TrainingTask:
    return _task("classification", form, inputs=COLUMNS[:2], label="label", labels=NLI)


def _parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(dict(zip(COLUMNS, map(list, zip(*ROWS, strict=True)), strict=True))), sink)
    return sink.getvalue()


_QUESTION = {"id": "1", "question": "Where?", "answers": [{"text": "Rome", "answer_start": 3}]}
_SQUAD = {"data": [{"paragraphs": [{"context": "In Rome.", "qas": [_QUESTION, _QUESTION]}]}]}
_JSONL = "".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n" for row in ROWS)
_CSV = "premise,hypothesis,label\n" + "".join(f'"{a}","{b}",{c}\n' for a, b, c in ROWS)
_CHOICES = json.dumps({"q": "Why?", "c": ["x", "y"], "right": 1}) + "\n"

SOUND: dict[str, tuple[TrainingTask, bytes]] = {
    "tsv": (_classification("tsv"), "".join("\t".join(row) + "\n" for row in ROWS).encode()),
    "csv": (_classification("csv"), _CSV.encode()),
    "jsonl": (_classification("jsonl"), _JSONL.encode()),
    "parquet": (_classification("parquet"), _parquet()),
    "squad": (_task("span_extraction", "squad"), json.dumps(_SQUAD).encode()),
    "conll": (_task("tagging", "conll"), b"In\tO\nRome\tB-LOC\n\nHe\tO\n"),
    "text": (_task("masked_lm", "text"), b"Ein Satz.\nNoch einer.\n"),
    "choices": (
        _task("multiple_choice", "jsonl", inputs=["q"], choices=["c"], label="right"),
        (_CHOICES * 2).encode(),
    ),
}
# What breaks files: encodings, line ends, separators, quotes, brackets, numbers, half characters.
PIECES = st.sampled_from(
    [
        b"\0", b"\r", b"\r\n", b"\n", b"\n\n", b"\t", b"\t\t", b",", b'"', b'"""', b"{", b"}", b"[",
        b"]" * 40, b"[" * 40, b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9", b"\xc3", b"null", b"NaN", b"-1",
        b"1e999", b"9" * 5000,
        b"\\ud800", b'"\\udfff"', b"true", b"{}", b"\x85", b"\xe2\x80\xa8", b"\x1b[31m", b"B-",
        b"I-LOC", b" ",
        b'{"a":' * 2000, b"-", b"<script>", "̈".encode(),
    ]
)  # fmt: skip


@st.composite
def broken(draw: st.DrawFn, sound: bytes) -> bytes:
    """A sound file with pieces put in, taken out or doubled; or in another encoding; or anything at all."""
    how = draw(st.sampled_from(["edit", "edit", "edit", "encoding", "anything"]))
    if how == "anything":
        return draw(st.binary(max_size=60))
    if how == "encoding":
        text = sound.decode("utf-8", errors="replace")
        encodings = ["utf-16", "utf-16-le", "utf-32", "utf-7", "cp037"]
        return text.encode(draw(st.sampled_from(encodings)), "replace")
    content = sound
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 12)))
        piece = draw(PIECES | st.binary(max_size=4) | st.just(content[start:end] * 2))
        content = content[:start] + piece + content[end:]
    return content


def _read_or_refused(folder: Path, name: str, content: bytes) -> str:
    task, _ = SOUND[name]
    path = folder / task.sources.layouts[0].path
    path.write_bytes(content)
    try:
        rows = load_training_rows(task, data_dir=folder)
    except UserError as error:
        message = str(error)
        assert str(path) in message
        assert len(message) < 2000 + len(str(path))
        return "refused"
    assert len(rows.dataset) > 0
    assert len(rows.fingerprint) == 64
    if name == "tsv":
        assert set(rows.dataset["label"][:]) <= {-1, 0, 1, 2}
    return "read"


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_file_is_read(tmp_path: Path, name: str) -> None:
    task, content = SOUND[name]
    (tmp_path / task.sources.layouts[0].path).write_bytes(content)
    assert len(load_training_rows(task, data_dir=tmp_path).dataset) in (2, 4)


@pytest.mark.parametrize("name", SOUND)
@given(data=st.data())
def test_any_file(tmp_path: Path, name: str, data: st.DataObject) -> None:
    event(_read_or_refused(tmp_path, name, data.draw(broken(SOUND[name][1]))))


def test_a_parquet_file_whose_texts_are_not_unicode_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_bytes(SOUND["parquet"][1].replace("“Wet".encode(), b"-1\x9cWet"))
    with pytest.raises(UserError, match=r"rows\.parquet: not a readable parquet file"):
        load_training_rows(SOUND["parquet"][0], data_dir=tmp_path)


@given(data=st.data())
def test_any_evaluation_file_is_scored_whole_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "xtreme" / "xnli"
    folder.mkdir(parents=True, exist_ok=True)
    sound = SOUND["tsv"][1]
    (folder / "test-en.tsv").write_bytes(sound)
    (folder / "test-de.tsv").write_bytes(data.draw(broken(sound)))
    try:
        rows = load_evaluation_rows(CORPORA["xnli"], "de", data_dir=tmp_path)
    except UserError as error:
        event("refused")
        assert "test-de.tsv" in str(error)
        return
    # Never fewer rows than the other languages have, and a label for each.
    assert len(rows.dataset) == len(ROWS)
    assert set(rows.dataset["label"][:]) <= {0, 1, 2}


@pytest.mark.parametrize("name", ["jsonl", "squad", "choices"])
@pytest.mark.parametrize(
    "bomb",
    [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 100_000, b'{"label": ' + b"[" * 900 + b"]" * 900 + b"}"],
)
def test_json_bombs_are_refused(tmp_path: Path, name: str, bomb: bytes) -> None:
    _read_or_refused(tmp_path, name, bomb)


def test_labels_that_are_lists_or_objects_are_refused_with_their_line(tmp_path: Path) -> None:
    row = {"premise": "a", "hypothesis": "b"}
    for label in ([1], {"x": 1}):
        (tmp_path / "rows.jsonl").write_text(json.dumps(row | {"label": label}))
        with pytest.raises(UserError, match=r"rows\.jsonl, line 1: label is"):
            load_training_rows(SOUND["jsonl"][0], data_dir=tmp_path)


def test_a_small_parquet_file_cannot_unpack_to_more_than_is_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 40,000 references to one text of 10 kB: 400 MB in memory, some kilobytes on the disk.
    monkeypatch.setattr("harness.data.sources.arrow_file.MOST_BYTES", 2**25)
    text = pa.array(["x" * 10_000])
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 40_000, pa.int32()), text)
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table(dict.fromkeys(COLUMNS, column)), path)
    assert path.stat().st_size < 100_000
    with pytest.raises(UserError, match="unpacks to more than"):
        load_training_rows(SOUND["parquet"][0], data_dir=tmp_path)


def test_what_is_not_a_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "rows.tsv")
    with pytest.raises(UserError, match="not a file"):
        load_training_rows(SOUND["tsv"][0], data_dir=tmp_path)


# No line and no column ends within such a text, in any of the formats.
SOUND_TEXT = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=40).filter(
    lambda text: bool(text.strip())
)
SOUND_ROWS = st.lists(st.tuples(SOUND_TEXT, SOUND_TEXT, st.sampled_from(NLI)), min_size=1, max_size=5)


def _written(form: str, rows: list[tuple[str, str, str]], end: str) -> bytes:
    if form == "tsv":
        return "".join("\t".join(row) + end for row in rows).encode()
    if form == "csv":
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator=end)
        writer.writerows([COLUMNS, *rows])
        return text.getvalue().encode()
    if form == "jsonl":
        lines = (json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + end for row in rows)
        return "".join(lines).encode()
    sink = io.BytesIO()
    pq.write_table(pa.table(dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True))), sink)
    return sink.getvalue()


@pytest.mark.parametrize("form", ["tsv", "csv", "jsonl", "parquet"])
@given(rows=SOUND_ROWS, end=st.sampled_from(["\n", "\r\n"]))
def test_any_sound_file_is_read_to_the_letter(
    tmp_path: Path, form: str, rows: list[tuple[str, str, str]], end: str
) -> None:
    (tmp_path / f"rows.{form}").write_bytes(_written(form, rows, end))
    found = load_training_rows(SOUND[form][0], data_dir=tmp_path).dataset
    read = zip(found["text_a"][:], found["text_b"][:], found["label"][:], strict=True)
    assert [*read] == [(a, b, NLI.index(label)) for a, b, label in rows]


def test_questions_of_one_id_stay_rows_of_their_own(tmp_path: Path, shared_data: Path) -> None:
    # XTREME's own TyDiQA file has 89 ids for its 3,696 questions: an id tells nothing apart.
    content = (shared_data / "xtreme" / "tydiqa" / "train-en.json").read_bytes()
    (tmp_path / "rows.squad").write_bytes(content)
    assert len(load_training_rows(SOUND["squad"][0], data_dir=tmp_path).dataset) == 3696
