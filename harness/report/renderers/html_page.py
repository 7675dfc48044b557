"""The page as one HTML file that needs nothing else: style, script and pictures lie within it."""

import base64
import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, MutableMapping, Sequence
from html import escape
from importlib.resources import files
from itertools import count, pairwise
from types import MappingProxyType
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from harness.report.publication import Publication
from harness.report.renderers.markdown import render_page
from harness.report.sections.stages import nested_list
from harness.report.table import column_names
from harness.results.shown_name import plain

_NAMES = ("order", "leaderboard", "language", "data", "place", "first stages", "better average")


def render_html(publication: Publication, pictures: Mapping[str, bytes]) -> str:
    """Return the page, whose tables can be sorted, searched and narrowed down to some columns.

    Args:
        publication: The leaderboard.
        pictures: SVG file name -> its content; a picture that is not among them is shown by its text.
    """
    board = publication.board
    languages = {name for columns in board.languages.values() for name in column_names(columns)}
    tree = nested_list(board)
    page = render_page(publication, cut=False)
    return html_document(page, board.title, tree, pictures, languages, home="index.html")


def html_document(
    markdown: str,
    title: str,
    tree: str = "",
    pictures: Mapping[str, bytes] = MappingProxyType({}),
    languages: Collection[str] = (),
    filters: Collection[str] = (),
    home: str | None = None,
) -> str:
    """Return a document of a markdown text.

    Args:
        markdown: The text.
        title: Of the document.
        tree: What stands in place of a diagram, in HTML.
        pictures: SVG file name -> its content.
        languages: Headers of the columns that hold a language.
        filters: Headers of the columns whose values tables can be filtered by.
        home: The page that lists this one.
    """
    parser = _parser(tree, pictures)
    tokens = parser.parse(markdown)
    links = f'<a href="{home}">All leaderboards</a>\n' if home else ""
    links += "".join(f'<a href="#{anchor}">{text}</a>\n' for anchor, text in _anchored(tokens))
    _describe_tables(tokens, languages, filters)
    style, script = _asset("page.css"), _asset("page.js")
    policy = f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}"
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(plain(title))}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#main">Skip to the results</a>\n'
        f'<header><nav class="bar" aria-label="Sections">\n{links}</nav></header>\n'
        f'<main id="main">\n{parser.renderer.render(tokens, parser.options, {})}</main>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _parser(tree: str, pictures: Mapping[str, bytes]) -> MarkdownIt:
    """Return a parser whose pictures lie in the page, whose diagrams are trees, and whose tables scroll."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    fence = parser.renderer.rules["fence"]  # type: ignore[attr-defined]

    def picture(
        self: Any, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        token = tokens[index]
        content = pictures.get(str(token.attrGet("src")))
        if content is None:
            return f"[{escape(token.content)}]"
        data = base64.b64encode(content).decode()
        return f'<img alt="{escape(token.content)}" src="data:image/svg+xml;base64,{data}">'

    def block(
        self: Any, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        return tree if tokens[index].info == "mermaid" else str(fence(tokens, index, options, env))

    def table(
        self: Any, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        label = escape(str(tokens[index].meta["label"]))
        return f'<div class="scroll" role="region" aria-label="{label}" tabindex="0"><table>\n'

    parser.add_render_rule("image", picture)
    parser.add_render_rule("fence", block)
    parser.add_render_rule("table_open", table)
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser


def _anchored(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """Give every heading an id, and yield (id, text in HTML) of those of the second level."""
    used: set[str] = set()
    for token, content in pairwise(tokens):
        if token.type != "heading_open":
            continue
        text = _text(content)
        slug = re.sub(r"\W+", "-", text.lower()).strip("-") or "section"
        anchor = next(name for name in _numbered(slug, "-") if name not in used)
        used.add(anchor)
        token.attrSet("id", anchor)
        if token.tag == "h2":
            yield anchor, escape(text)


def _numbered(name: str, gap: str) -> Iterator[str]:
    yield name
    yield from (f"{name}{gap}{number}" for number in count(2))


def _describe_tables(tokens: Sequence[Token], languages: Collection[str], filters: Collection[str]) -> None:
    """Say by classes and attributes what the columns of every table hold, and what a table is about."""
    column, label, labels = 0, "table", set[str]()
    kinds: list[str] = []
    for number, token in enumerate(tokens):
        following = tokens[number + 1] if number + 1 < len(tokens) else token
        if token.type == "heading_open":
            label = _text(following)
        elif token.type == "html_block" and (found := re.search("<summary>(.*?)</summary>", token.content)):
            label = found[1]
        elif token.type == "table_open":
            # Regions need names of their own: a title that occurs again gets a number.
            token.meta["label"] = next(name for name in _numbered(label, " ") if name not in labels)
            labels.add(token.meta["label"])
            kinds = []
        elif token.type == "tr_open":
            column = 0
        elif token.type in {"th_open", "td_open"}:
            if token.type == "th_open":
                kinds.append(_kind(token, _text(following)))
                if _text(following) in languages:
                    token.attrSet("data-group", "language")
                if _text(following) in filters:
                    token.attrSet("data-filter", "")
            token.attrs.pop("style", None)
            if kinds[column]:
                token.attrSet("class", kinds[column])
            column += 1


def _kind(head: Token, title: str) -> str:
    if "right" in str(head.attrGet("style")):
        return "number"
    return "name" if title in _NAMES else ""


def _text(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
