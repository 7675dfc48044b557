"""What files of other programs hold: starts in bytes, keys twice, truth values, literals of bytes."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UserError
from tests.user_files.files import load, nli, own_task, pairs, questions, tagged, write

CONTEXT = "Äöü 😀 Rome äöü Rome, and Rome."
HEADER = "premise\thypothesis\tlabel\n"
TSV = {"path": "t.tsv", "format": "tsv"}
JSONL = {"path": "t.jsonl", "format": "jsonl"}


def _squad(context: str, **question: Any) -> str:
    asked = {"id": "1", "question": "Where?"} | question
    return json.dumps({"data": [{"paragraphs": [{"context": context, "qas": [asked]}]}]})


@pytest.mark.parametrize(("encoding", "width"), [("utf-8", 1), ("utf-16-le", 2), ("utf-32-le", 4)])
@pytest.mark.parametrize("right", [6, 15, 25])
def test_starts_in_bytes_or_utf16_units_are_those_characters(
    tmp_path: Path, encoding: str, width: int, right: int
) -> None:
    assert CONTEXT.startswith("Rome", right)
    start = len(CONTEXT[:right].encode(encoding)) // width
    write(tmp_path / "t.json", _squad(CONTEXT, answers=[{"text": "Rome", "answer_start": start}]))
    rows = load(questions(tmp_path, {"path": "t.json", "format": "squad"}), tmp_path)
    assert rows.dataset["answer_starts"][:] == [[right]]
    assert len(rows.counted) == (encoding != "utf-32-le")


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ({"answers": [{"text": "Oslo", "answer_start": 6}]}, "no question is left"),
        ({"answers": [], "is_impossible": False}, "though is_impossible is false"),
        ({"answers": [{"text": "Rome", "answer_start": 6}], "is_impossible": True}, "is_impossible is true"),
    ],
)
def test_files_that_teach_nothing_or_contradict_themselves_are_refused(
    tmp_path: Path, question: Any, says: str
) -> None:
    write(tmp_path / "t.json", _squad(CONTEXT, **question))
    task = questions(tmp_path, {"path": "t.json", "format": "squad"}, unanswerable=True)
    with pytest.raises(UserError, match=says):
        load(task, tmp_path)


def test_a_key_twice_in_one_object_is_refused(tmp_path: Path) -> None:
    line = '{"premise": "a", "hypothesis": "b", "label": "neutral", "label": "entailment"}\n'
    write(tmp_path / "t.jsonl", line)
    with pytest.raises(UserError, match="the key 'label' twice"):
        load(nli(tmp_path, JSONL), tmp_path)


def test_truth_values_and_whole_numbers_with_a_point_are_labels(tmp_path: Path) -> None:
    lines = [{"premise": "a", "hypothesis": "b", "label": label} for label in (True, False)]
    write(tmp_path / "t.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    names = {"labels": ["no", "yes"], "label_values": {"true": "yes", "false": "no"}}
    assert pairs(load(nli(tmp_path, JSONL, **names), tmp_path)) == [("a", "b", "yes"), ("a", "b", "no")]
    write(tmp_path / "t.tsv", HEADER + "a\tb\t1.0\nc\td\t0.0\n")
    names["label_values"] = {"0": "no", "1": "yes"}
    assert pairs(load(nli(tmp_path, TSV, **names), tmp_path)) == [("a", "b", "yes"), ("c", "d", "no")]


def test_doubled_carriage_returns_are_no_text(tmp_path: Path) -> None:
    write(tmp_path / "t.tsv", "label\tpremise\thypothesis\r\r\nneutral\ta\tb\r\r\n")
    assert pairs(load(nli(tmp_path, TSV), tmp_path)) == [("a", "b", "neutral")]


def test_literals_of_bytes_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "t.tsv", HEADER + "b'Caf\\xc3\\xa9'\tb\"it's\"\tneutral\nb'a'\tb'b'\tentailment\n")
    with pytest.raises(UserError, match="bytes as Python shows them"):
        load(nli(tmp_path, TSV), tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"version 1\noid sha256:abc\nsize 5\n", "a pointer of Git LFS"),
        (b"<!DOCTYPE html>\n<html></html>\n", "a web page"),
        (b"PK\x03\x04\x14\x00", "a zip archive"),
        ("a b\nc d\n".encode("utf-16-le"), "looks like UTF-16"),
        ("a b\nc d\n".encode("utf-16-be"), "looks like UTF-16"),
    ],
)
def test_what_lies_in_a_files_place_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    write(tmp_path / "t.txt", content)
    task = own_task(tmp_path, kind="masked_lm", sources={"folder": {"path": "t.txt", "format": "text"}})
    with pytest.raises(UserError, match=says):
        load(task, tmp_path)


def test_lines_that_end_in_cr_may_have_a_line_feed_at_the_end(tmp_path: Path) -> None:
    write(tmp_path / "t.txt", "a b\rc d\re f\n")
    task = own_task(tmp_path, kind="masked_lm", sources={"folder": {"path": "t.txt", "format": "text"}})
    assert load(task, tmp_path).dataset["text_a"][:] == ["a b", "c d", "e f"]


def test_links_to_nowhere_and_folders_of_no_data_set_are_named(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").symlink_to(tmp_path / "gone")
    with pytest.raises(UserError, match=r"t.tsv: a link to something that is not there"):
        load(nli(tmp_path, TSV), tmp_path)
    write(tmp_path / "t.parquet" / "0.parquet", b"")
    with pytest.raises(UserError, match=r"it holds 0.parquet"):
        load(nli(tmp_path, {"path": "t.parquet", "format": "parquet"}), tmp_path)


def test_one_line_with_blanks_among_lines_with_tabs_is_named(tmp_path: Path) -> None:
    write(tmp_path / "t.tsv", "Mary\tB-PER\nHill I-PER\nleft\tO\n\n")
    with pytest.raises(UserError, match=r"line 2: 'Hill I-PER' has blanks between its fields"):
        load(tagged(tmp_path, {"path": "t.tsv", "format": "conll"}), tmp_path)


def test_candidates_are_known_by_the_names_that_their_own_row_gives_them(tmp_path: Path) -> None:
    rows = [
        {"q": "Where?", "choices": {"text": ["x", "y"], "label": names}, "answer": answer}
        for names, answer in ((["B", "A"], "A"), (["A", "B"], "A"), (["1", "2"], "2"))
    ]
    write(tmp_path / "t.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    fields = {"inputs": ["q"], "choices": ["choices.text"], "label": "answer", "labels": ["A", "B"]}
    task = own_task(tmp_path, kind="multiple_choice", sources={"folder": JSONL}, **fields)
    assert load(task, tmp_path).dataset["label"][:] == [1, 0, 1]


def test_an_empty_answer_of_an_impossible_question_is_none(tmp_path: Path) -> None:
    answers = [{"text": "", "answer_start": -1}]
    write(tmp_path / "t.json", _squad(CONTEXT, answers=answers, is_impossible=True))
    task = questions(tmp_path, {"path": "t.json", "format": "squad"}, unanswerable=True)
    assert load(task, tmp_path).dataset["answer_texts"][:] == [[]]


def test_a_json_array_is_named_and_nothing_is_advised_that_would_leave_no_row(tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", '[{"premise": "a", "hypothesis": "b", "label": "neutral"}]')
    with pytest.raises(UserError, match="one JSON array"):
        load(nli(tmp_path, JSONL), tmp_path)
    write(tmp_path / "t.tsv", HEADER + "a\tb\n")
    with pytest.raises(UserError) as caught:
        load(nli(tmp_path, TSV), tmp_path)
    assert "skip_bad_rows" not in str(caught.value)
