"""What users' files are like, though they need not be: read all the same, or refused with what to do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.data.sources.text_file import MalformedFileError
from harness.kinds.columns import MissingColumnError
from tests.user_files.files import json_lines, load, nli, packed, pairs, table, write

HEADER = ("premise", "hypothesis", "label")
ROWS = [("A man sleeps.", "Someone sleeps.", "entailment"), ("A dog runs.", "No dog runs.", "contradiction")]
TSV = {"path": "t.tsv", "format": "tsv"}


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("named", [True, False])
def test_compressed_files_are_read_whether_or_not_the_task_says_so(
    tmp_path: Path, ending: str, named: bool
) -> None:
    write(tmp_path / f"t.tsv{ending}", packed(table([HEADER, *ROWS]).encode(), ending))
    source = {"path": f"t.tsv{ending if named else ''}", "format": "tsv"}
    assert pairs(load(nli(tmp_path, source), tmp_path)) == ROWS


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zst"])
def test_a_damaged_compressed_file_is_refused(tmp_path: Path, ending: str) -> None:
    content = packed(table([HEADER, *ROWS * 50]).encode(), ending)
    write(tmp_path / f"t.tsv{ending}", content[: len(content) // 2])
    with pytest.raises(MalformedFileError, match="a damaged compressed file"):
        load(nli(tmp_path, TSV), tmp_path)


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\n \n\r\n"])
def test_blank_last_lines_and_blanks_behind_labels_are_harmless(tmp_path: Path, end: str) -> None:
    write(tmp_path / "t.tsv", table([HEADER, *((a, b, f"{label} ") for a, b, label in ROWS)]) + end)
    write(tmp_path / "t.jsonl", json_lines([dict(zip(HEADER, row, strict=True)) for row in ROWS]) + end)
    for form in ("tsv", "jsonl"):
        assert pairs(load(nli(tmp_path, {"path": f"t.{form}", "format": form}), tmp_path)) == ROWS


@pytest.mark.parametrize("form", ["tsv", "csv", "jsonl"])
def test_a_cell_of_200_000_characters_is_read(tmp_path: Path, form: str) -> None:
    long = "x" * 200_000
    records = [HEADER, (long, "b", "neutral")]
    separator = "," if form == "csv" else "\t"
    content = "".join(separator.join(record) + "\n" for record in records)
    if form == "jsonl":
        content = json_lines([dict(zip(HEADER, records[1], strict=True))])
    write(tmp_path / f"t.{form}", content)
    assert pairs(load(nli(tmp_path, {"path": f"t.{form}", "format": form}), tmp_path)) == [records[1]]


def test_column_names_in_other_letter_case_and_with_blanks_are_understood_and_told(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "Premise, Hypothesis, Label\nA man sleeps.,Someone sleeps.,entailment\n")
    found = load(nli(tmp_path, {"path": "t.csv", "format": "csv"}), tmp_path)
    assert pairs(found) == ROWS[:1]
    assert any("'Premise' as premise, ' Hypothesis' as hypothesis" in warning for warning in found.warnings)


def test_of_two_columns_that_may_be_meant_none_is_taken(tmp_path: Path) -> None:
    write(tmp_path / "t.tsv", "Premise\tPREMISE\thypothesis\tlabel\na\tb\tc\tneutral\n")
    with pytest.raises(MissingColumnError, match=r"'Premise', 'PREMISE' may each be the column 'premise'"):
        load(nli(tmp_path, TSV), tmp_path)


@pytest.mark.parametrize(
    ("form", "separator", "says"),
    [
        ("csv", "\t", "separated by tabs.* say 'format: tsv'"),
        ("tsv", ",", "separated by commas.* say 'format: csv'"),
        ("csv", ";", "separated by semicolons.*write the file with commas"),
        ("tsv", "|", "separated by bars"),
    ],
)
def test_another_separator_is_named(tmp_path: Path, form: str, separator: str, says: str) -> None:
    write(tmp_path / f"t.{form}", "".join(separator.join(row) + "\n" for row in (HEADER, *ROWS)))
    with pytest.raises(MissingColumnError, match=says):
        load(nli(tmp_path, {"path": f"t.{form}", "format": form}), tmp_path)


BROKEN = [HEADER, ROWS[0], ("a",), ("b", "c"), ROWS[1], ("d", "e", "f", "neutral")]


def test_broken_lines_are_all_counted_at_once_and_left_out_where_the_task_says_so(tmp_path: Path) -> None:
    write(tmp_path / "t.tsv", table(BROKEN))
    with pytest.raises(MalformedFileError) as refused:
        load(nli(tmp_path, TSV), tmp_path)
    assert "t.tsv, line 3: 1 field(s) where 3 are due" in str(refused.value)
    assert "So are 3 lines (3, 4, 6) beside 2 good ones." in str(refused.value)
    assert "skip_bad_rows: true" in str(refused.value)
    found = load(nli(tmp_path, TSV, skip_bad_rows=True), tmp_path)
    assert pairs(found) == ROWS
    assert [str(count) for count in found.counted] == [
        "lines that break the file's format, left out (3, 4, 6): 3"
    ]


def test_broken_json_lines_are_left_out_where_the_task_says_so(tmp_path: Path) -> None:
    lines = json_lines([dict(zip(HEADER, row, strict=True)) for row in ROWS]).splitlines()
    write(
        tmp_path / "t.jsonl", "\n".join([lines[0], '{"premise": "a", ', "[1]", '{"premise": "a"}', lines[1]])
    )
    source = {"path": "t.jsonl", "format": "jsonl"}
    with pytest.raises(MalformedFileError, match=r"line 2: not JSON.*So are 3 lines \(2, 3, 4\)"):
        load(nli(tmp_path, source), tmp_path)
    found = load(nli(tmp_path, source, skip_bad_rows=True), tmp_path)
    assert pairs(found) == ROWS and found.counted[0].count == 3


def test_the_first_layout_that_is_there_is_used(tmp_path: Path) -> None:
    write(tmp_path / "b.tsv", table([HEADER, *ROWS]))
    source = [{"path": "a.tsv", "format": "csv"}, {"path": "b.tsv", "format": "tsv"}]
    found = load(nli(tmp_path, source), tmp_path)
    assert pairs(found) == ROWS
    assert found.source == "folder: b.tsv"


def test_the_lock_tells_what_was_counted_and_the_user_is_warned(tmp_path: Path) -> None:
    """By the command line, with a data folder of links, a task without license, and broken lines."""
    storage = write(tmp_path / "storage" / "rows.tsv", table([*BROKEN, ("g", "", "neutral")]))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t.tsv").symlink_to(storage)
    (tmp_path / "tasks").mkdir()
    nli(tmp_path / "tasks", TSV, skip_bad_rows=True)
    (tmp_path / "s.yaml").write_text(
        "name: s\ntitle: t\nquestion: q\nmodel: embedded:e5-small\nintermediates: [own]\norders: [[own]]\n"
        "targets: [mini_nli]\nseeds: [1]\ndeepspeed: zero2\n"
        "training: {epochs: 1, learning_rate: 1.0e-5, batch_size: 4}\n"
        "evaluation: {tasks: [mini_nli_en], split: test}\n"
    )
    command = [sys.executable, "-m", "harness.cli.main", "lock", "s.yaml", "--data-dir", "data"]
    paths = {"PYTHONPATH": str(Path(__file__).parents[2]), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | paths, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lock = json.loads((tmp_path / "s.lock.json").read_text())["training"]["own"]
    counts = {"lines that break the file's format, left out (3, 4, 6)": 3, "rows with an empty text, kept": 1}
    assert {count["what"]: count["count"] for count in lock["counted"]} == counts
    for what, count in counts.items():
        assert f"warning: training task 'own': {what}: {count} (folder: t.tsv)" in done.stderr
