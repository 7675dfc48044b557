"""Leaderboards from anyone: whatever their JSON files hold, it is refused or shown as text."""

import json
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from markdown_it import MarkdownIt
from pydantic import ValidationError

from harness.errors import XstiltsError
from harness.metrics.item_scores import PredictionsError
from harness.report.index import INDEX, render_index
from harness.report.merge import merge
from harness.report.publication import compile_publication, read_publication
from harness.report.publish import publish, rendered_files
from harness.report.verify import verify
from harness.results.board import Board
from tests.report.experiments import experiment

EVIL = "x</summary></details></title> <script>alert(1)</script>|`[p](javascript:alert)![i](http://evil)"
EVIL += "\\input{a}\x1b[2J\u202e\n# Big\n\n<img src=x onerror=alert(1)>"
BOMBS = [b"[" * 100_000, b'{"a":' * 100_000, b'{"format": ' + b"9" * 5000 + b"}", b"\x00", b"", b"\xff\xfe["]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    made = experiment(tmp_path, orders=((), ("rte",)), seeds=(1,), languages=("en", "de"), items=12)
    return publish(made.board, tmp_path / "boards", made.predictions).json


def texts(content: Any) -> set[str]:
    """Return every text and every name of an object."""
    if isinstance(content, str):
        return {content}
    if isinstance(content, dict):
        return {*content, *texts([*content.values()])}
    return set[str]().union(*map(texts, content)) if isinstance(content, list) else set()


def replaced(content: Any, old: str) -> str:
    """Put the evil in the place of a text wherever it stands, so that all still fits together."""
    return json.dumps(content).replace(json.dumps(old), json.dumps(EVIL))


class Document(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def active(text: str, scripts: int = 0) -> list[object]:
    """Return what a browser would do at once or at a click in a document with so many scripts of its own."""
    tags = Document(text).tags
    names = [tag for tag, _ in tags]
    found: list[object] = [name for name in names if name in ("iframe", "object", "form", "base")]
    found += [attributes for _, attributes in tags for key in attributes if key.startswith("on")]
    for values in (attributes.values() for _, attributes in tags):
        found += [value for value in values if value and ("javascript:" in value or "//evil" in value)]
    return found if names.count("script") == scripts else [*found, "a script"]


def shown(markdown: str) -> str:
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))


@pytest.mark.slow
def test_no_text_of_a_board_becomes_active_on_its_page(published: Path) -> None:
    content = read_publication(published).board.model_dump(mode="json")
    read = []
    for text in sorted(texts(content)):
        try:
            board = Board.model_validate_json(replaced(content, text))
        except ValidationError:
            continue
        read.append(text)
        for name, rendered in rendered_files(compile_publication(board, None), {}).items():
            if name.endswith((".md", ".html")):
                markdown = name.endswith(".md")
                assert not active(shown(rendered) if markdown else rendered, 0 if markdown else 1), text
                assert not set("\x1b\u202e") & set(rendered), (text, name)
            if name.endswith(".tex"):
                assert "\\input{a}" not in rendered, text
    # What no name can be is refused; what may be any text is shown.
    assert {"RTE and PAWS-X before XNLI", "embedded:e5-small", "glue/rte/train.tsv", "zero2"} <= {*read}
    assert not {"rte", "xnli", "en", "xtreme_xnli_de", "rte-paraphrase-xnli"} & {*read}


@pytest.mark.slow
def test_no_text_of_a_published_file_becomes_active_in_the_index(published: Path) -> None:
    content = json.loads(published.read_text())
    before = len(Document(shown(render_index(published.parent))).tags)
    for text in sorted(texts(content)):
        published.write_text(replaced(content, text))
        index = render_index(published.parent)
        assert not active(shown(index)) and "\x1b" not in index, text
        assert len(Document(shown(index)).tags) <= before, text


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_and_do_not_stop_others_from_being_published(published: Path, bomb: bytes) -> None:
    folder = published.parent
    (folder / "bomb.json").write_bytes(bomb)
    (folder / "bomb.md").write_text("# Bomb\n")
    with pytest.raises(XstiltsError, match=r"bomb\.json"):
        read_publication(folder / "bomb.md")
    with pytest.raises(XstiltsError, match=r"bomb\.json"):
        merge([folder / "bomb.md", published], folder, "both")
    assert verify(folder / "bomb.md").differences
    assert merge([published], folder).publication.board.name == published.stem
    assert "bomb" in (folder / INDEX).read_text() or bomb == BOMBS[2]


def test_a_name_cannot_lead_out_of_the_folder(published: Path, tmp_path: Path) -> None:
    content = json.loads(published.read_text())
    for name in ("../out", "/tmp/out", "a/b", "..", "a\\b", "a\x00", "A", ""):
        content["board"]["name"] = name
        published.write_text(json.dumps(content))
        with pytest.raises(XstiltsError, match=r"board\.name"):
            read_publication(published)
        with pytest.raises(XstiltsError):
            merge([published.with_name("none.json")], tmp_path / "into", name)
    assert not list(tmp_path.glob("out*"))


def test_predictions_that_unpack_to_more_than_is_read_at_once_are_refused(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = published.with_name(f"{published.stem}.predictions.parquet")
    table = pq.read_table(path)
    rows = pa.array([0] * 3_000_000, pa.int32())
    pq.write_table(table.take(rows), path, compression="zstd")
    assert path.stat().st_size < 300_000
    monkeypatch.setattr("harness.metrics.item_file._MOST_BYTES", 2**22)
    with pytest.raises(PredictionsError, match="unpacks to more than"):
        merge([published], published.parent)
    long = pa.array(["x" * 70_000] * len(table))
    pq.write_table(table.set_column(table.column_names.index("item"), "item", long), path)
    with pytest.raises(PredictionsError, match="a text of more than"):
        merge([published], published.parent)


def numbers(content: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of every number."""
    if isinstance(content, dict | list):
        items = content.items() if isinstance(content, dict) else enumerate(content)
        return [place for key, value in items for place in numbers(value, (*above, key))]
    return [above] if isinstance(content, int | float) and not isinstance(content, bool) else []


@pytest.mark.slow
def test_any_number_of_a_board_is_refused_or_published(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the pictures show is what the tables hold; drawing them each time would take minutes.
    monkeypatch.setattr("harness.report.publish.draw_pictures", lambda *_: ())
    whole = published.read_text()
    board = json.loads(whole)["board"]
    kinds = {tuple("*" if isinstance(key, int) else key for key in place): place for place in numbers(board)}
    assert len(kinds) >= 6
    for place in kinds.values():
        for number in (10**30, 2**40, -1, 1e308, 0):
            changed = json.loads(whole)
            inner = changed["board"]
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = number
            published.write_text(json.dumps(changed))
            with suppress(XstiltsError):
                merge([published], tmp_path / "into")
            assert render_index(published.parent)
