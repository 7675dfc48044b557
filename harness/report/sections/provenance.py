"""How a leaderboard was made, and of what, as the end of its page."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from harness.report.blocks import Block, Heading, Markup
from harness.report.notation import EMPTY, code, code_block, inline
from harness.report.publication import Publication
from harness.report.section import BoardSection, Nothing, Results
from harness.report.table import Table
from harness.results.board import Board, MachineRecord, Provenance
from harness.results.json_file import canonical_json

SHORT = 12


class ProvenanceSection(BoardSection[Nothing]):
    """How a leaderboard was made: command, versions, machines, and where its numbers lie."""

    name, place, model = "provenance", 1600, Nothing

    def compute(self, results: Results) -> Nothing:
        """Return nothing: the board holds how it was made."""
        return Nothing()

    def blocks(self, data: Nothing, publication: Publication) -> Iterator[Block]:
        """Yield the command, a list, and a table where machines differ."""
        yield Heading("How it was made", 2)
        yield from map(Markup, _paragraphs(publication))


def _paragraphs(publication: Publication) -> Iterator[str]:
    made = publication.board.provenance
    yield from _parts(publication.board) if publication.board.parts else (code_block(made.command, "sh"),)
    data = f"{publication.board.name}.json"
    lines = [
        f"- Numbers: [{data}]({data}), sha256 {code(content_digest(publication))}",
        f"- The same as {_exports(publication.board.name)}",
        f"- Sequence file: {_sequence_file(publication)}, sha256 {code(made.sequence_sha256[:SHORT])}",
        f"- Model: {code(made.model)}{_version(made)}{_description(made)}",
        f"- Seeds: {', '.join(map(str, publication.board.seeds))}",
        f"- DeepSpeed: {code(made.deepspeed)}",
        f"- Commit: {_commit(made)}",
        f"- Date: {inline(made.created[:10])}",
        f"- Hardware: {inline(made.hardware)}",
        f"- Packages: {', '.join(f'{inline(n)} {inline(v)}' for n, v in made.packages.items()) or EMPTY}",
    ]
    if publication.predictions:
        stored = publication.predictions
        lines.append(
            f"- Predictions: [{inline(stored.file)}](<{stored.file}>), {stored.count} predictions, "
            f"sha256 {code(stored.sha256[:SHORT])}; "
            f"{code(f'xstilts verify {publication.board.name}.md')} recomputes every number from them"
        )
    yield "\n".join(lines)
    yield from _machines(publication.board)


def _parts(board: Board) -> Iterator[str]:
    yield f"Combined from {len(board.parts)} leaderboards; a row that several have stands once."
    headers = ("part", "command", "sequence file", "sha256", "commit", "date", "hardware")
    rows = tuple(
        (
            str(number),
            code(part.command),
            code(Path(part.sequence_file).name),
            code(part.sequence_sha256[:SHORT]),
            _commit(part),
            inline(part.created[:10]),
            inline(part.hardware),
        )
        for number, part in enumerate(board.parts, 1)
    )
    yield Table(headers, rows, frozenset(headers[1:])).render()


def _machines(board: Board) -> Iterator[str]:
    """List what results were made with, where they differ in it; of packages those that do."""
    if not board.machines:
        return
    packages = [
        name
        for name in dict.fromkeys(name for machine in board.machines for name in machine.packages)
        if len({machine.packages.get(name) for machine in board.machines}) > 1
    ]
    headers = ("machine", "hardware", "commit", *map(inline, packages))
    rows = tuple(
        (
            str(number),
            inline(machine.hardware),
            _commit(machine),
            *(inline(machine.packages.get(name, EMPTY)) for name in packages),
        )
        for number, machine in enumerate(board.machines, 1)
    )
    yield "The results were not all made alike; every seed's table names the machines by these numbers."
    yield Table(headers, rows, frozenset(headers[1:])).render()


def _exports(name: str) -> str:
    return ", ".join(
        f"[{kind}]({name}.{ending})"
        for kind, ending in (
            ("HTML with sortable columns", "html"),
            ("CSV", "csv"),
            ("CSV of every seed", "seeds.csv"),
            ("LaTeX", "tex"),
            ("narrow LaTeX", "narrow.tex"),
            ("BibTeX", "bib"),
        )
    )


def content_digest(publication: Publication) -> str:
    """Return the sha256 of the publication's JSON file, which ties a page to it."""
    return hashlib.sha256(canonical_json(publication).encode()).hexdigest()


def _sequence_file(publication: Publication) -> str:
    name = publication.board.provenance.sequence_file
    if publication.sequence_link:
        return f"[{inline(name)}](<{publication.sequence_link}>)"
    # A path outside of the project holds on one machine only.
    return code(Path(name).name if Path(name).is_absolute() else name)


def _version(made: Provenance) -> str:
    revision = f", revision {code(made.model_revision[:SHORT])}" if made.model_revision else ""
    fingerprint = f", fingerprint {code(made.model_fingerprint[:SHORT])}" if made.model_fingerprint else ""
    return revision + fingerprint


def _description(made: Provenance) -> str:
    return f": {inline(made.model_description)}" if made.model_description else ""


def _commit(made: Provenance | MachineRecord) -> str:
    """Show the commit, or all of them where results were made from several."""
    if made.commit is None:
        return "not made from a checkout"
    commits = ", ".join(code(commit[:SHORT]) for commit in dict.fromkeys(made.commit.split(", ")))
    return commits + (" **with uncommitted changes**" if made.dirty else "")


PROVENANCE = ProvenanceSection()
