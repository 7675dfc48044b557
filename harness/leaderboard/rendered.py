"""The text files of a publication: page and exports, all made from it and its pictures."""

from collections.abc import Mapping

from harness.leaderboard.exports.csv_file import render_csv
from harness.leaderboard.exports.html_page import render_html
from harness.leaderboard.exports.latex import render_latex
from harness.leaderboard.page import render_page
from harness.leaderboard.plan_tree import nested_list
from harness.leaderboard.publication import Publication

PAGE = ".md"


def rendered_files(publication: Publication, pictures: Mapping[str, bytes]) -> dict[str, str]:
    """Return file name -> text, the page first.

    Args:
        publication: The leaderboard.
        pictures: SVG file name -> content.
    """
    board = publication.board
    page = render_page(publication)
    return {
        f"{board.name}{PAGE}": page,
        f"{board.name}.html": render_html(page, board.title, nested_list(board), pictures),
        f"{board.name}.csv": render_csv(publication),
        f"{board.name}.tex": render_latex(publication),
    }
