"""The page as one HTML file that needs nothing else: style, script and pictures lie within it."""

import base64
from collections.abc import Mapping, MutableMapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from harness.leaderboard.shown_name import plain

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def render_html(markdown: str, title: str, tree: str, pictures: Mapping[str, bytes]) -> str:
    """Return the page with sortable columns.

    Args:
        markdown: The page in markdown.
        title: Of the document.
        tree: The stages as a list in HTML, where the markdown has a diagram.
        pictures: SVG file name -> its content; a picture that is not among them is shown by its text.
    """
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

    parser.add_render_rule("image", picture)
    parser.add_render_rule("fence", block)
    parser.add_render_rule("table_open", lambda *_: '<div class="scroll"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(plain(title))}</title>\n<style>\n{_asset('page.css')}</style>\n</head>\n<body>\n"
        f"{parser.render(markdown)}<script>\n{_asset('page.js')}</script>\n</body>\n</html>\n"
    )


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
