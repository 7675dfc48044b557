"""The data sets, the model and this software as BibTeX entries."""

import re
from collections.abc import Iterator

from harness import __version__
from harness.report.publication import Publication
from harness.report.renderers.latex import escaped
from harness.results.board import NOT_STATED, Board

_SOURCE = re.compile(r"^(?P<authors>.*?)(?: et al\.)? (?P<year>\d{4})\b")
_ADDRESS = re.compile(r"https?://[^\s,)]+")


def render_bibtex(publication: Publication) -> str:
    """Return an entry for each data set, for the model, and for xstilts."""
    return "\n\n".join(_entries(publication.board)) + "\n"


def _entries(board: Board) -> Iterator[str]:
    seen: set[str] = set()
    for use in board.data:
        citation = use.citation or NOT_STATED
        if citation != NOT_STATED and citation not in seen:
            seen.add(citation)
            yield _entry(use.name, use.title or use.name, citation)
    made = board.provenance
    if not made.model.startswith("embedded:"):
        revision = f", revision {made.model_revision}" if made.model_revision else ""
        yield _misc("model", {"title": made.model, "note": f"Pretrained model{revision}"})
    elif made.model_description:
        yield _misc("model", {"title": made.model, "note": made.model_description})
    yield _misc("xstilts", {"title": "xstilts", "note": f"Version {__version__}", "year": made.created[:4]})


def _entry(name: str, title: str, citation: str) -> str:
    fields = {"title": title, "note": citation}
    if source := _SOURCE.match(citation):
        others = " and others" if " et al." in citation[: source.end()] else ""
        fields = {"author": source["authors"] + others, "year": source["year"], **fields}
    if address := _ADDRESS.search(citation):
        fields["url"] = address.group()
    return _misc(name, fields)


def _misc(key: str, fields: dict[str, str]) -> str:
    lines = [
        f"  {name} = {{{value if name == 'url' else escaped(value)}}}," for name, value in fields.items()
    ]
    return "\n".join([f"@misc{{{re.sub(r'[^A-Za-z0-9-]+', '-', key).strip('-')},", *lines, "}"])
