"""Files that were once read wrong without a word: each is read right, or refused with its place."""

import csv
import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.data.lock import LockedRows
from harness.data.sources.text_file import MalformedFileError
from harness.errors import UserError
from harness.kinds.labels import UnknownLabelError
from tests.user_files.files import load, nli, own_task, pairs, paraphrases, questions, table, tagged, write

ROWS = [("A man sleeps.", "He dreams.", "neutral"), ("A man sleeps.", "He runs.", "contradiction")]
NAMES = ["contradiction", "entailment", "neutral"]
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def _typed(names: list[str] = NAMES) -> datasets.Dataset:
    """The rows with the labels as integer classes, whose names stand in another order than in the task."""
    text = datasets.Value("string")
    features = {"premise": text, "hypothesis": text, "label": datasets.ClassLabel(names=names)}
    columns = dict(zip(features, map(list, zip(*ROWS, strict=True)), strict=True))
    return datasets.Dataset.from_dict(columns, datasets.Features(features))


def _counts(rows: Any) -> list[str]:
    return [str(count) for count in rows.counted]


@pytest.mark.parametrize("form", ["parquet", "arrow", "stream", "split of several"])
def test_class_names_come_from_the_files_own_schema(tmp_path: Path, form: str) -> None:
    source = {"path": "train", "format": "arrow"}
    if form == "parquet":
        _typed().to_parquet(tmp_path / "train")
        source["format"] = "parquet"
    elif form == "arrow":
        _typed().save_to_disk(tmp_path / "train")
    elif form == "stream":
        _typed().save_to_disk(tmp_path / "saved")
        (file,) = (tmp_path / "saved").glob("*.arrow")
        file.rename(tmp_path / "train")
    else:
        datasets.DatasetDict(train=_typed(), test=_typed()).save_to_disk(tmp_path / "both")
        source["path"] = "both/train"
    assert pairs(load(nli(tmp_path, source), tmp_path)) == ROWS


def test_class_names_of_tags_come_from_the_files_own_schema(tmp_path: Path) -> None:
    text = datasets.Value("string")
    features = {"words": datasets.List(text), "tags": datasets.List(datasets.ClassLabel(names=TAGS))}
    rows = {"words": [["Mary", "Hill", "left"]], "tags": [[1, 2, 0]]}
    datasets.Dataset.from_dict(rows, datasets.Features(features)).to_parquet(tmp_path / "t.parquet")
    labels = ["B-PER", "I-PER", "B-LOC", "I-LOC", "O"]
    found = load(
        tagged(tmp_path, {"path": "t.parquet", "format": "parquet"}, labels=labels, scheme="bio"), tmp_path
    )
    assert found.dataset["tags"][:] == [[0, 1, 4]]


def test_integers_without_names_are_refused_unless_label_values_says_what_they_mean(tmp_path: Path) -> None:
    lines = [json.dumps({"premise": a, "hypothesis": b, "label": NAMES.index(label)}) for a, b, label in ROWS]
    write(tmp_path / "t.jsonl", "\n".join(lines))
    source = {"path": "t.jsonl", "format": "jsonl"}
    with pytest.raises(UnknownLabelError, match=r"t\.jsonl, line 1: label is 2, a number, .*label_values"):
        load(nli(tmp_path, source), tmp_path)
    values = {str(number): name for number, name in enumerate(NAMES)}
    assert pairs(load(nli(tmp_path, source, label_values=values), tmp_path)) == ROWS


def test_integer_tags_without_names_are_refused_unless_label_values_says_what_they_mean(
    tmp_path: Path,
) -> None:
    pq.write_table(pa.table({"words": [["Mary", "left"]], "tags": [[1, 0]]}), tmp_path / "t.parquet")
    source = {"path": "t.parquet", "format": "parquet"}
    with pytest.raises(UserError, match=r"t\.parquet, row 1: the tag 1 .*label_values"):
        load(tagged(tmp_path, source, labels=["O", "B-PER"]), tmp_path)
    values = {"0": "O", "1": "B-PER"}
    found = load(tagged(tmp_path, source, labels=["B-PER", "O"], label_values=values), tmp_path)
    assert found.dataset["tags"][:] == [[0, 1]]


def test_candidates_are_known_by_the_names_of_their_columns(tmp_path: Path) -> None:
    # The hub's COPA: integer classes choice1 and choice2.
    features = {name: datasets.Value("string") for name in ("premise", "choice1", "choice2")}
    rows = {"premise": ["P."] * 2, "choice1": ["a"] * 2, "choice2": ["b"] * 2, "label": [1, 0]}
    typed = features | {"label": datasets.ClassLabel(names=["choice1", "choice2"])}
    datasets.Dataset.from_dict(rows, datasets.Features(typed)).to_parquet(tmp_path / "t.parquet")
    fields = {"inputs": ["premise"], "choices": ["choice1", "choice2"], "label": "label"}
    source = {"folder": {"path": "t.parquet", "format": "parquet"}}
    task = own_task(tmp_path, kind="multiple_choice", sources=source, **fields)
    assert load(task, tmp_path).dataset["label"][:] == [1, 0]


QUOTES = [
    ('The film "North Wind" ran.', 'In May, "North Wind" ran.', "1"),
    ("No quotes.", "None, either.", "0"),
    ('"Both" ends "quoted"', 'and "these" too', "0"),
]
COLUMNS = {"columns": ["sentence1", "sentence2", "label"]}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_NONE, csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("header", [True, False])
def test_one_layer_of_quotes_is_undone_where_the_whole_file_has_it(
    tmp_path: Path, quoting: int, end: str, header: bool
) -> None:
    records = [tuple(COLUMNS["columns"]), *QUOTES] if header else QUOTES
    write(tmp_path / "t.tsv", table(records, quoting=quoting, end=end))
    source = {"path": "t.tsv", "format": "tsv"} | ({} if header else COLUMNS)
    found = load(paraphrases(tmp_path, source), tmp_path)
    assert [row[:2] for row in pairs(found)] == [row[:2] for row in QUOTES]


def test_a_spreadsheets_quotes_around_commas_are_undone_where_all_commas_have_them(tmp_path: Path) -> None:
    rows = [("Yes, it is.", "He said \"no\".", "1"), ("Well, no.", "No", "0")]  # fmt: skip
    text = '"Yes, it is."\t"He said ""no""."\t1\n"Well, no."\tNo\t0\n'
    write(tmp_path / "t.tsv", text)
    found = load(paraphrases(tmp_path, {"path": "t.tsv", "format": "tsv"} | COLUMNS), tmp_path)
    assert [row[:2] for row in pairs(found)] == [row[:2] for row in rows]


@pytest.mark.parametrize(
    "lines",
    [
        ['"Open\tb\t1', 'c\tclose"\t0'],  # half a quotation in each of two rows
        ['"Yes."\tHe agreed.\t1', "No.\tHe did not.\t0"],  # whole fields that need no quotes
        ['He said "no"\tb\t1', '"A ""b"" c"\td\t0'],  # both conventions
        ['"Yes, sir."\tHe agreed.\t1', "No, sir.\tHe did not.\t0"],  # one comma in quotes, another not
    ],
)
def test_quotes_of_a_file_that_is_not_written_with_them_throughout_are_text(
    tmp_path: Path, lines: list[str]
) -> None:
    write(tmp_path / "t.tsv", "\n".join(lines) + "\n")
    found = load(paraphrases(tmp_path, {"path": "t.tsv", "format": "tsv"} | COLUMNS), tmp_path)
    assert [list(row[:2]) for row in pairs(found)] == [line.split("\t")[:2] for line in lines]


def test_a_file_that_is_partly_written_with_quotes_is_told_of(tmp_path: Path) -> None:
    write(tmp_path / "t.tsv", 'He said "no"\tb\t1\n"A ""b"" c"\td\t0\n')
    found = load(paraphrases(tmp_path, {"path": "t.tsv", "format": "tsv"} | COLUMNS), tmp_path)
    assert "1 field(s) look as if a csv writer had put them in quotes" in found.warnings[0]


ROME = {"text": "Rome", "answer_start": 3}


def _squad(context: str, *answers: dict[str, Any], **more: Any) -> str:
    asked = {"id": "1", "question": "When?", "answers": list(answers)} | more
    return json.dumps({"data": [{"paragraphs": [{"context": context, "qas": [asked]}]}]})


@pytest.mark.parametrize(
    ("start", "found"),
    [(18, 19), (19, 19), (20, 19), (22, 19), (40, 43), (44, 43), (100, 43), (0, 19), (31, 19), (32, 43)],
)
def test_an_answer_is_found_at_its_nearest_occurrence(tmp_path: Path, start: int, found: int) -> None:
    context = "The rocket flew in 1969 . It flew again in 1969 ."
    write(tmp_path / "t.json", _squad(context, {"text": "1969", "answer_start": start}))
    rows = load(questions(tmp_path, {"path": "t.json", "format": "squad"}), tmp_path)
    assert context[found:].startswith("1969")
    assert rows.dataset["answer_starts"][:] == [[found]]
    moved = "answers that stand elsewhere than the file says, taken from their nearest occurrence: 1"
    assert _counts(rows) == ([] if start == found else [moved])


def test_questions_without_a_place_for_their_answer_are_counted_with_the_reason(tmp_path: Path) -> None:
    content = json.loads(_squad("In Rome.", ROME, {"text": "Oslo", "answer_start": 3}))
    content["data"] += json.loads(_squad("In Rome.", {"text": "Oslo", "answer_start": 3}))["data"]
    write(tmp_path / "t.json", json.dumps(content))
    rows = load(questions(tmp_path, {"path": "t.json", "format": "squad"}), tmp_path)
    assert rows.dataset["answer_texts"][:] == [["Rome"]]
    assert _counts(rows) == [
        "questions left out, since their answers do not occur in their contexts: 1",
        "further answers left out, since they do not occur in their contexts: 1",
    ]


@pytest.mark.parametrize(
    ("answer", "more", "place"),
    [
        ({"text": "Rome", "answer_start": "3"}, {}, "answers[0].answer_start: '3' is not a whole number"),
        ({"text": "Rome", "answer_start": 3.0}, {}, "answers[0].answer_start: 3.0 is not a whole number"),
        ({"text": "Rome", "answer_start": True}, {}, "answers[0].answer_start: True is not a whole number"),
        ({"text": 5, "answer_start": 3}, {}, "answers[0].text: 5 is not a text"),
        ({"text": ["Rome"], "answer_start": 3}, {}, "answers[0].text: ['Rome'] is not a text"),
        ({"text": "Rome"}, {}, "answers[0]: no 'answer_start'"),
        (ROME, {"is_impossible": "false"}, "is_impossible: 'false' is not true or false"),
        (ROME, {"is_impossible": 0}, "is_impossible: 0 is not true or false"),
        (ROME, {"question": 7}, "question: 7 is not a text"),
        (ROME, {"answers": {}}, "'answers' must be a list"),
    ],
)  # fmt: skip
def test_wrong_json_types_are_refused_with_their_place(
    tmp_path: Path, answer: dict[str, Any], more: dict[str, Any], place: str
) -> None:
    write(tmp_path / "t.json", _squad("In Rome.", answer, **more))
    task = questions(tmp_path, {"path": "t.json", "format": "squad"}, unanswerable=True)
    with pytest.raises(MalformedFileError) as refused:
        load(task, tmp_path)
    assert "t.json, data[0].paragraphs[0].qas[0]" in str(refused.value)
    assert place in str(refused.value)


def test_placeholders_and_empty_texts_are_kept_and_counted(tmp_path: Path) -> None:
    write(tmp_path / "t.tsv", "NS\tNS\t1\na\tb\t1\nc\tNS\t0\n\td\t0\n \te\t1\n")
    rows = load(paraphrases(tmp_path, {"path": "t.tsv", "format": "tsv"} | COLUMNS), tmp_path)
    assert len(rows.dataset) == 5
    counts = [
        "rows with an empty text, kept: 2",
        "rows with the placeholder NS in place of a sentence, kept: 2",
    ]
    assert _counts(rows) == counts
    assert all(any(count in warning for warning in rows.warnings) for count in counts)
    assert [str(count) for count in LockedRows.of(rows).counted] == counts


@pytest.mark.parametrize("code", ["en", "zh-min-nan", "als"])
def test_the_language_codes_of_wikianns_raw_files_are_taken_off(tmp_path: Path, code: str) -> None:
    words = [("Ottawa", "B-LOC"), ("is", "O"), (":", "O"), ("10:30", "O")]
    write(tmp_path / "train", "".join(f"{code}:{word}\t{tag}\n" for word, tag in words))
    rows = load(tagged(tmp_path, {"path": "train", "format": "conll"}, scheme="bio"), tmp_path)
    assert rows.dataset["words"][:] == [[word for word, _ in words]]
    assert _counts(rows) == [
        f"words that began with '{code}:', as in WikiANN's raw files; it is taken off: 4"
    ]


def test_a_file_of_which_some_words_have_a_language_code_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "train", "en:Ottawa\tB-LOC\nen:is\tO\n\nen:It\tO\nsnows\tO\n")
    with pytest.raises(UserError, match=r"train, line 4: the word 'snows' does not begin with 'en:'"):
        load(tagged(tmp_path, {"path": "train", "format": "conll"}), tmp_path)


def test_words_with_a_colon_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path / "train", "re:invent\tO\nbegan\tO\ntoday\tO\n")
    rows = load(tagged(tmp_path, {"path": "train", "format": "conll"}), tmp_path)
    assert rows.dataset["words"][:] == [["re:invent", "began", "today"]]


def test_spans_of_iob1_begin_with_b(tmp_path: Path) -> None:
    iob1 = ["I-PER", "I-PER", "O", "I-LOC", "B-LOC", "I-LOC", "I-PER"]
    iob2 = ["B-PER", "I-PER", "O", "B-LOC", "B-LOC", "I-LOC", "B-PER"]
    found = []
    for tags in (iob1, iob2):
        write(
            tmp_path / "t.tsv", "".join(f"w{at}\t{tag}\n" for at, tag in enumerate(tags)) + "\nx\tI-LOC\n"[:1]
        )
        found.append(load(tagged(tmp_path, {"path": "t.tsv", "format": "conll"}, scheme="bio"), tmp_path))
    assert [[rows.labels[tag] for tag in rows.dataset["tags"][0]] for rows in found] == [iob2, iob2]
    assert found[0].fingerprint == found[1].fingerprint
    assert _counts(found[0]) == [
        "spans that begin with I- (as in the scheme IOB1), read as beginning with B-: 3"
    ]
    assert _counts(found[1]) == []


UNLABELLED = r"XTREME's own download takes the \w+ out of its test files: use the original release"


def test_xtremes_test_files_without_labels_are_known_as_such(tmp_path: Path) -> None:
    write(tmp_path / "t.tsv", "A man sleeps.\tHe dreams.\nA dog runs.\tIt stands.\n")
    source = {"path": "t.tsv", "format": "tsv", "columns": ["premise", "hypothesis", "label"]}
    with pytest.raises(MalformedFileError, match=rf"t\.tsv: no line has the column 'label'.*{UNLABELLED}"):
        load(nli(tmp_path, source), tmp_path)


def test_xtremes_test_files_without_tags_are_known_as_such(tmp_path: Path) -> None:
    write(tmp_path / "t.tsv", "Mary\nleft\n\nIt\n")
    with pytest.raises(MalformedFileError, match=rf"t\.tsv, line 1: 'Mary' has no tag.*{UNLABELLED}"):
        load(tagged(tmp_path, {"path": "t.tsv", "format": "conll"}), tmp_path)


@pytest.mark.parametrize("unanswerable", [False, True])
def test_xtremes_test_files_without_answers_are_known_as_such(tmp_path: Path, unanswerable: bool) -> None:
    write(tmp_path / "t.json", _squad("In Rome.", {"text": "", "answer_start": 0}))
    task = questions(tmp_path, {"path": "t.json", "format": "squad"}, unanswerable=unanswerable)
    with pytest.raises(UserError, match=rf"the answers of all 1 questions are empty.*{UNLABELLED}"):
        load(task, tmp_path)


def test_names_from_a_saved_folders_own_files_never_leave_it(tmp_path: Path) -> None:
    _typed().save_to_disk(tmp_path / "secret")
    _typed().save_to_disk(tmp_path / "data" / "train")
    state = tmp_path / "data" / "train" / "state.json"
    for name in ("../../secret/data-00000-of-00001.arrow", str(tmp_path / "secret"), "..", 5):
        content = json.loads(state.read_text())
        content["_data_files"] = [{"filename": name}]
        state.write_text(json.dumps(content))
        with pytest.raises(MalformedFileError, match="is no name of a file of this folder"):
            load(nli(tmp_path, {"path": "train", "format": "arrow"}), tmp_path / "data")


def test_of_a_saved_folder_with_several_splits_one_has_to_be_named(tmp_path: Path) -> None:
    datasets.DatasetDict(train=_typed(), test=_typed()).save_to_disk(tmp_path / "both")
    with pytest.raises(MalformedFileError, match=r"several splits \(test, train\).*both/test"):
        load(nli(tmp_path, {"path": "both", "format": "arrow"}), tmp_path)
