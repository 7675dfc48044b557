"""The sections of leaderboards, by name."""

from collections.abc import Iterable
from typing import Any

from harness.registry import Registry
from harness.report.section import Section

_ROOM = "harness.report.sections"
BUILT_IN = {
    "summary": f"{_ROOM}.summary:SUMMARY",
    "findings": f"{_ROOM}.findings:FINDINGS",
    "overview": f"{_ROOM}.overview:OVERVIEW",
    "scores": f"{_ROOM}.scores.section:SCORES",
    "collapses": f"{_ROOM}.collapses:COLLAPSES",
    "pairs": f"{_ROOM}.scores.section:PAIRS",
    "order": f"{_ROOM}.order.section:ORDER",
    "languages": f"{_ROOM}.languages.section:LANGUAGES",
    "forgetting": f"{_ROOM}.forgetting:FORGETTING",
    "agreement": f"{_ROOM}.agreement:AGREEMENT",
    "learned": f"{_ROOM}.learned:LEARNED",
    "learning_curves": f"{_ROOM}.learning_curves:LEARNING_CURVES",
    "stages": f"{_ROOM}.stages:STAGES",
    "reading": f"{_ROOM}.reading:READING",
    "failed_runs": f"{_ROOM}.failed_runs:FAILED_RUNS",
    "seeds": f"{_ROOM}.seeds:SEEDS",
    "settings": f"{_ROOM}.settings:SETTINGS",
    "data": f"{_ROOM}.data:DATA",
    "provenance": f"{_ROOM}.provenance:PROVENANCE",
    "reported": f"{_ROOM}.reported:REPORTED",
}
SECTIONS: Registry[Section[Any]] = Registry(
    Section,  # type: ignore[type-abstract]  # https://github.com/python/mypy/issues/4717
    "section of leaderboards",
    "xstilts.sections",
    BUILT_IN,
)


def in_order(names: Iterable[str]) -> list[Section[Any]]:
    """Return sections as they follow each other on a page.

    Raises:
        UnknownNameError: there is no section of a name.
    """
    return sorted(map(SECTIONS.get, names), key=lambda section: (section.place, section.name))
