from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.sources.folder import MalformedFileError, read_file
from harness.errors import UserError
from harness.kinds.columns import MissingColumnError, NoRowsError, SourceColumns
from harness.kinds.sources import FolderSource

COLUMNS = ("a", "b", "label")


def read(
    path: Path, content: bytes, form: str = "tsv", columns: tuple[str, ...] | None = COLUMNS
) -> SourceColumns:
    path.write_bytes(content)
    return read_file(path, FolderSource(path=path.name, format=form, columns=columns), COLUMNS)


def rows(source: SourceColumns) -> list[tuple[str, ...]]:
    return list(zip(*(source.columns[name] for name in COLUMNS), strict=True))


def test_a_quote_is_text_and_so_are_na_and_nothing(tmp_path: Path) -> None:
    source = read(tmp_path / "x.tsv", b'"open\tNA\tyes\n\t"a" b\tno\nnull\tNaN\t\n')
    assert rows(source) == [('"open', "NA", "yes"), ("", '"a" b', "no"), ("null", "NaN", "")]


def test_crlf_a_byte_order_mark_and_a_missing_last_newline_are_accepted(tmp_path: Path) -> None:
    source = read(tmp_path / "x.tsv", b"\xef\xbb\xbfu\tv\tyes\r\nw\tx\tno")
    assert rows(source) == [("u", "v", "yes"), ("w", "x", "no")]


def test_line_separators_inside_a_sentence_do_not_split_it(tmp_path: Path) -> None:
    text = "one\u2028two\u0085three\x0bfour"
    assert rows(read(tmp_path / "x.tsv", f"{text}\tb\tyes\n".encode())) == [(text, "b", "yes")]


# Anything but what ends a field or a line, is refused (NUL), or can't be written as UTF-8.
FIELD = st.text(st.characters(exclude_characters="\t\n\r\0\ufeff", exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(FIELD, FIELD, FIELD), min_size=1, max_size=8))
def test_every_text_survives_the_way_through_a_tsv_file(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[str, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("tsv") / "x.tsv"
    assert rows(read(path, "".join("\t".join(row) + "\n" for row in written).encode())) == written


def test_a_header_line_names_the_columns_in_any_order(tmp_path: Path) -> None:
    source = read(tmp_path / "x.tsv", b"label\tindex\ta\tb\nyes\t7\tu\tv\n", columns=None)
    assert rows(source) == [("u", "v", "yes")]
    assert source.place(0).endswith("x.tsv, line 2")


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        (
            b"a\tb\tyes\nc\td\n",
            COLUMNS,
            r"line 2: 2 field\(s\) where 3 are due \(a, b, label\): \['c', 'd'\]",
        ),
        (b"a\tb\tyes\n\nc\td\tno\n", COLUMNS, r"line 2: 1 field\(s\) where 3"),
        (b"a\tb\tyes\nc\td\te\tno\n", COLUMNS, r"line 2: 4 field\(s\) where 3"),
        (
            b"a\tb\tyes\ncaf\xe9\td\tno\n",
            COLUMNS,
            r"line 2: byte 0xe9 is not UTF-8 \(perhaps Latin-1\).*iconv",
        ),
        ("a\tb\tyes\n".encode("utf-16"), COLUMNS, r"line 1: .*looks like UTF-16"),
        (b"a\tb\tyes\nc\0\td\tno\n", COLUMNS, r"line 2: holds a NUL byte"),
        (b"", COLUMNS, "holds no rows"),
        (b"\n \n", COLUMNS, "holds no rows"),
        (b"a\tb\tlabel\n", None, "holds a header and no rows"),
        (b"a\ta\tlabel\nx\ty\tyes\n", None, r"the column 'a' \(the header names it more than once"),
    ],
)
def test_a_malformed_tsv_is_refused_with_file_and_line(
    tmp_path: Path, content: bytes, columns: tuple[str, ...] | None, message: str
) -> None:
    with pytest.raises((MalformedFileError, MissingColumnError), match=r"x\.tsv.*" + message):
        read(tmp_path / "x.tsv", content, columns=columns)


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(MissingColumnError, match=r"no column 'b', 'label'; its columns are 'a', 'c'.*header"):
        read(tmp_path / "x.tsv", b"a\tc\nx\ty\n", columns=None)


@pytest.mark.parametrize(
    "content",
    [
        f"{'9' * 5000}\tb\nx\ty\n",
        "\t".join(f"column{number}" for number in range(1000)) + "\nx\n",
        f"{'9' * 5000}\t{'9' * 5000}\nx\ty\n",
        f"a\tb\tlabel\t{'9' * 5000}\nx\n",
    ],
)
def test_messages_stay_short_whatever_the_names_of_columns_are(tmp_path: Path, content: str) -> None:
    with pytest.raises(UserError, match=r"x\.tsv.*header|x\.tsv, line 2") as refused:
        read(tmp_path / "x.tsv", content.encode(), columns=None)
    assert len(str(refused.value)) < 1200


def test_a_file_of_blanks_holds_no_rows(tmp_path: Path) -> None:
    with pytest.raises(NoRowsError, match=r"x\.txt: holds no rows"):
        read_file(_written(tmp_path, b"\t\n \t \n"), FolderSource(path="x.txt", format="text"), ("text",))


def _written(folder: Path, content: bytes) -> Path:
    path = folder / "x.txt"
    path.write_bytes(content)
    return path


def test_csv_keeps_quoted_commas_and_line_breaks(tmp_path: Path) -> None:
    source = read(tmp_path / "x.csv", b'a,b,label\n"x, y","line\nbreak",yes\nu,v,no\n', "csv", None)
    assert rows(source) == [("x, y", "line\nbreak", "yes"), ("u", "v", "no")]
    assert source.place(1).endswith("line 4")


def test_an_unclosed_quote_in_csv_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedFileError, match=r"x\.csv, line 2: .*format: tsv"):
        read(tmp_path / "x.csv", b'a,b,label\n"x,y,yes\n', "csv", None)


def test_json_lines_keep_integers_apart_from_texts(tmp_path: Path) -> None:
    source = read(tmp_path / "x.jsonl", '{"a": "ü", "b": "", "label": 1, "id": 3}\n'.encode(), "jsonl", None)
    assert rows(source) == [("ü", "", 1)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": "x", "b": "y", "label": 1}\n{"a": \n', "line 2: not JSON"),
        (b"[1, 2]\n", "line 1: .* is not a JSON object"),
        (b'{"a": "x", "label": 1}\n', "line 1: no column 'b'"),
    ],
)
def test_malformed_json_lines_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises((MalformedFileError, MissingColumnError), match=message):
        read(tmp_path / "x.jsonl", content, "jsonl", None)


def test_parquet_is_read_and_what_only_claims_to_be_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": ["u"], "b": ["v"], "label": [2], "more": [0]}), path)
    source = read_file(path, FolderSource(path="x.parquet", format="parquet"), COLUMNS)
    assert rows(source) == [("u", "v", 2)]
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(MalformedFileError, match="not a readable parquet file"):
        read_file(path, FolderSource(path="x.parquet", format="parquet"), COLUMNS)


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedFileError, match="a folder or device"):
        read_file(tmp_path, FolderSource(path="x", format="tsv", columns=COLUMNS), COLUMNS)
