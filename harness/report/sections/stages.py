"""The tree of stages behind the rows: shared beginnings are trained once."""

from collections.abc import Iterator
from html import escape

from harness.report.blocks import Block, Markup
from harness.report.notation import details
from harness.report.publication import Publication
from harness.report.section import BoardSection, Nothing, Results
from harness.results.board import Board
from harness.results.shown_name import plain

_MOST_STAGES = 120
Tree = dict[str, "Tree"]


def stage_tree(board: Board) -> Tree:
    """Return the stages of one seed as nested names; a target below each of its orders."""
    root: Tree = {}
    for row in board.rows:
        here = root
        for task in (*row.order, row.target):
            here = here.setdefault(task, {})
    return root


def mermaid(board: Board) -> str | None:
    """Return the tree as the text of a mermaid flowchart; None where it is too large to be read.

    Targets have round ends (https://mermaid.js.org/syntax/flowchart.html).
    """
    tree = stage_tree(board)
    if _count(tree) > _MOST_STAGES:
        return None
    lines = ["flowchart LR", f'  s0["{_label(board.provenance.model)}"]']
    numbers = iter(range(1, _MOST_STAGES + 1))
    lines += _branches(tree, "s0", numbers, frozenset(board.targets))
    return "\n".join(lines)


def nested_list(board: Board) -> str:
    """Return the tree as a nested list in HTML."""
    return f"<ul class=tree><li>{escape(plain(board.provenance.model))}{_list(stage_tree(board))}</li></ul>"


def _branches(tree: Tree, parent: str, numbers: Iterator[int], targets: frozenset[str]) -> Iterator[str]:
    for task, below in tree.items():
        node = f"s{next(numbers)}"
        start, end = ('(["', '"])') if task in targets and not below else ('["', '"]')
        yield f"  {parent} --> {node}{start}{_label(task)}{end}"
        yield from _branches(below, node, numbers, targets)


def _list(tree: Tree) -> str:
    if not tree:
        return ""
    return (
        "<ul>" + "".join(f"<li>{escape(task)}{_list(below)}</li>" for task, below in tree.items()) + "</ul>"
    )


def _count(tree: Tree) -> int:
    return sum(1 + _count(below) for below in tree.values())


def _label(text: str) -> str:
    """Return a text as mermaid shows it within quotes: signs of its own as entities."""
    kept = (c if c.isalnum() or c in " _-./:→" else f"#{ord(c)};" for c in plain(text))
    return "".join(kept)


class StagesSection(BoardSection[Nothing]):
    """The tree of stages as a diagram, where it is small enough to be read."""

    name, place, model = "stages", 1100, Nothing

    def compute(self, results: Results) -> Nothing:
        """Return nothing: the board's rows hold the stages."""
        return Nothing()

    def blocks(self, data: Nothing, publication: Publication) -> Iterator[Block]:
        """Yield the diagram."""
        diagram = mermaid(publication.board)
        if diagram is not None:
            yield Markup(details("The stages of one seed", f"```mermaid\n{diagram}\n```"))


STAGES = StagesSection()
