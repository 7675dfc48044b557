"""Valid files, written in any of the ways in which such files are published, are read to the letter."""

import csv
import io
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import datasets
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harness.errors import UserError
from tests.user_files.files import load, nli, packed, pairs, tagged

LABELS = ["entailment", "neutral", "contradiction"]
HEADER = ["premise", "hypothesis", "label"]
# What a cell of a published table holds: no tab and no line end, but quotes, commas, blanks and any script.
CELL = st.text(st.sampled_from("ab ,;|'\"NS-é你\u200f\u2028#:"), min_size=1, max_size=10)
ROWS = st.lists(st.tuples(CELL, CELL, st.sampled_from(LABELS)), min_size=1, max_size=6)


@st.composite
def published(draw: st.DrawFn) -> tuple[list[tuple[str, str, str]], dict[str, Any], bytes]:
    """Rows, the folder source of their file, and the file."""
    rows = draw(ROWS)
    form = draw(st.sampled_from(["tsv", "csv", "jsonl", "parquet"]))
    order = draw(st.permutations([0, 1, 2, 3]))
    header = [*HEADER, "index"]
    names = [header[at] for at in order]
    if draw(st.booleans()):
        names = [draw(st.sampled_from([name, name.upper(), name.title()])) for name in names]
    blank = draw(st.sampled_from(["", " "])) if form in ("tsv", "csv", "jsonl") else ""
    records = [
        [[*row[:2], row[2] + blank, str(number)][at] for at in order] for number, row in enumerate(rows)
    ]
    source: dict[str, Any] = {"path": f"rows.{form}", "format": form}
    if form == "parquet":
        return rows, source, _parquet(draw, names, records)
    text = _text(draw, form, names, records, source)
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    text += draw(st.sampled_from(["", "\n", "\n\n", " \n"]))
    content = (draw(st.sampled_from(["", "\ufeff"])) + text).encode()
    ending = draw(st.sampled_from(["", ".gz", ".bz2", ".xz", ".zst"]))
    source["path"] += draw(st.sampled_from(["", ending]))
    source["written"] = f"rows.{form}{ending}"
    return rows, source, packed(content, ending)


def _text(
    draw: st.DrawFn, form: str, names: list[str], records: list[list[str]], source: dict[str, Any]
) -> str:
    if form == "jsonl":
        ascii_only = draw(st.booleans())
        lines = (
            json.dumps(dict(zip(names, record, strict=True)), ensure_ascii=ascii_only) for record in records
        )
        return "".join(f"{line}\n" for line in lines)
    if draw(st.booleans()):
        source["columns"] = [name.lower() for name in names]
        table = records
    else:
        table = [names, *records]
    quoting = draw(st.sampled_from([csv.QUOTE_NONE, csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    if form == "csv" and quoting == csv.QUOTE_NONE:
        quoting = csv.QUOTE_MINIMAL
    if quoting == csv.QUOTE_NONE:
        text = "".join("\t".join(record) + "\n" for record in table)
        # A file without quotes that could as well have been written with them does not say which it is.
        assume(not _could_be_quoted(text))
        return text
    sink = io.StringIO(newline="")
    delimiter = "\t" if form == "tsv" else ","
    csv.writer(sink, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(table)
    return sink.getvalue()


def _could_be_quoted(text: str) -> bool:
    if '"' not in text:
        return False
    fields = [field for line in text.splitlines() for field in line.split("\t")]
    return all(field[:1] == field[-1:] == '"' for field in fields if '"' in field)


def _parquet(draw: st.DrawFn, names: list[str], records: list[list[str]]) -> bytes:
    content = datasets.Dataset.from_dict(dict(zip(names, map(list, zip(*records, strict=True)), strict=True)))
    label = next(name for name in names if name.lower() == "label")
    if draw(st.booleans()):
        classes = datasets.ClassLabel(names=draw(st.permutations(LABELS)))
        content = content.cast_column(label, classes)
    sink = io.BytesIO()
    content.to_parquet(sink)
    return sink.getvalue()


def _reads_right(examples: int) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(made=published())
    def check(made: tuple[list[tuple[str, str, str]], dict[str, Any], bytes]) -> None:
        rows, source, content = made
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / source.pop("written", source["path"])).write_bytes(content)
            assert pairs(load(nli(folder, source), folder)) == rows

    check()


def test_any_published_table_is_read_right() -> None:
    _reads_right(60)


@pytest.mark.slow
def test_many_published_tables_are_read_right() -> None:
    _reads_right(1500)


WORD = st.text(st.sampled_from("abÄ你:#-\"',."), min_size=1, max_size=6)
TAGGED = st.tuples(WORD, st.sampled_from(["O", "X-", "X+"]), st.sampled_from(["A", "B"]))
SENTENCES = st.lists(
    st.lists(
        st.tuples(WORD, st.sampled_from(["O", "X-", "X+"]), st.sampled_from(["A", "B"])),
        min_size=1,
        max_size=6,
    ),
    min_size=1,
    max_size=5,
)


def _tags(sentence: list[tuple[str, str, str]], scheme: str) -> list[str]:
    """Tags in IOB2 or IOB1 of words that are outside of spans, begin one (X-) or go on with one (X+)."""
    tags: list[str] = []
    before = ""
    for _, part, kind in sentence:
        if part == "O":
            tags.append("O")
            before = ""
            continue
        begins = part == "X-" or before != kind
        b = begins if scheme == "iob2" else begins and before == kind
        tags.append(f"{'B' if b else 'I'}-{kind}")
        before = kind
    return tags


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    sentences=SENTENCES,
    scheme=st.sampled_from(["iob1", "iob2"]),
    layout=st.sampled_from(["tab", "blank", "conll2003", "conllu", "jsonl", "parquet"]),
    coded=st.booleans(),
    seed=st.integers(0, 99),
)
def test_any_published_file_of_tags_is_read_right(
    sentences: list[list[tuple[str, str, str]]], scheme: str, layout: str, coded: bool, seed: int
) -> None:
    draw = random.Random(seed)
    words = [[word for word, *_ in sentence] for sentence in sentences]
    tags = [_tags(sentence, scheme) for sentence in sentences]
    # One word alone does not show that a code stands before every word.
    code = "en:" if coded and sum(map(len, words)) > 1 else ""
    assume(code or not words[0][0].startswith(("ab:", "ba:", "aa:", "bb:")))
    written = [[code + word for word in sentence] for sentence in words]
    end = draw.choice(["\n", "\r\n"])
    text, form = "", "conll"
    if layout == "jsonl":
        form = layout
        rows = zip(written, tags, strict=True)
        text = "".join(json.dumps({"words": w, "tags": t}) + end for w, t in rows)
    for one, marks in zip(written, tags, strict=True) if form == "conll" else ():
        for at, (word, tag) in enumerate(zip(one, marks, strict=True)):
            text += {
                "blank": f"{word} {tag}", "conll2003": f"{word} NNP B-NP {tag}",
                "conllu": "\t".join([str(at + 1), word, "_", tag, *["_"] * 6]),
            }.get(layout, f"{word}\t{tag}") + end  # fmt: skip
        text += end
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if layout == "parquet":
            form = layout
            names = sorted({tag for one in tags for tag in one}, reverse=True)
            content = datasets.Dataset.from_dict({"words": written, "tags": tags})
            content.cast_column("tags", datasets.List(datasets.ClassLabel(names=names))).to_parquet(
                folder / "t"
            )
        else:
            (folder / "t").write_bytes(text.encode())
        try:
            found = load(tagged(folder, {"path": "t", "format": form}, scheme="bio"), folder)
        except UserError as error:
            # Words of some kinds are comments or ids where only blanks separate them: never read wrong.
            assert layout in ("blank", "conll2003", "conllu", "tab"), error
            return
    assert found.dataset["words"][:] == words
    read = [[found.labels[tag] for tag in one] for one in found.dataset["tags"][:]]
    assert read == [_tags(sentence, "iob2") for sentence in sentences]
