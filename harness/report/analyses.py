"""A leaderboard for `xstilts analyze`: where it lies, and the seeds needed for chosen differences."""

from collections.abc import Sequence
from pathlib import Path

from harness.report.publication import Publication, load_publication, require_file_name
from harness.report.sections.order.section import ORDER
from harness.results.json_file import BoardFileError
from harness.statistics.power import seeds_needed


def find_publication(named: str, leaderboards: Path) -> Publication:
    """Read a leaderboard by the path of its JSON file or page, or by the name of its sequence file.

    Raises:
        BoardFileError: There is none, or it cannot be read.
    """
    path = Path(named)
    require_file_name(path)
    candidates = [path.with_suffix(".json"), leaderboards / f"{path.stem}.json"]
    for candidate in candidates:
        if candidate.is_file():
            return load_publication(candidate)
    places = " nor ".join(map(str, candidates))
    raise BoardFileError(
        f"{named}: there is no leaderboard of it: neither {places}. Make one with `xstilts run {named}`, or "
        "say by --leaderboards where its page lies."
    )


def with_differences(publication: Publication, differences: Sequence[float]) -> Publication:
    """Return a leaderboard whose tables of seeds needed have these differences, as fractions."""
    found = {}
    for target in publication.board.targets:
        analysis = publication.of(ORDER, target)
        if analysis and analysis.power:
            needed = seeds_needed(analysis.power, tuple(differences))
            power = analysis.power.model_copy(update={"needed": needed})
            found[target] = analysis.model_copy(update={"power": power})
    sections = publication.sections | {ORDER.name: publication.sections.get(ORDER.name, {}) | found}
    return publication.model_copy(update={"sections": sections})
