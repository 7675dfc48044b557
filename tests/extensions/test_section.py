"""A section of leaderboards from a distribution of its own. Nothing in `harness/` knows of it."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from tests.extensions.installed import ROOT, install, xstilts

NAME = "quickstart"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install("weakest", tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def boards(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A leaderboard of the project, published anew where the distribution is installed."""
    folder = tmp_path_factory.mktemp("section")
    xstilts(installed, folder, "merge", str(ROOT / "leaderboards" / f"{NAME}.md"), "--leaderboards", "boards")
    return folder / "boards"


def weakest_of(published: Path) -> dict[str, float]:
    """Recompute the section's means from the scores of the runs."""
    board = json.loads(published.read_text())["board"]
    found = {}
    for row in board["rows"]:
        sequence = " → ".join((*row["order"], row["target"]))
        scores = [seed["scores"] for seed in row["seeds"]]
        found[sequence] = min(sum(own[task] for own in scores) / len(scores) for task in scores[0])
    return found


def test_every_form_of_a_leaderboard_has_a_section_from_outside(installed, boards):
    means = weakest_of(boards / f"{NAME}.json")
    data = json.loads((boards / f"{NAME}.json").read_text())["sections"]["weakest"]["mini_nli"]["rows"]
    assert {row["sequence"]: row["mean"] for row in data} == pytest.approx(means)
    page, html = ((boards / f"{NAME}.{ending}").read_text() for ending in ("md", "html"))
    shown = [f"{mean * 100:.1f}" for mean in means.values()]
    for text in (page, html):
        assert "Weakest languages: mini_nli" in text and "The weakest of all is" in text
        part = text[text.index("The weakest of all is") :]
        assert all(mean in part for mean in shown)
    assert "- **weakest**: the language with the lowest mean over seeds." in page
    assert f"({NAME}.mini_nli.weakest.svg)" in page and (boards / f"{NAME}.mini_nli.weakest.png").is_file()
    with (boards / f"{NAME}.csv").open(newline="") as file:
        lines = {line["sequence"]: float(line["weakest"]) for line in csv.DictReader(file)}
    assert lines == pytest.approx(means, abs=1e-6)
    tables = (boards / f"{NAME}.tex").read_text().split(r"\begin{table}")
    assert len(tables) == 3 and all(mean in tables[2] for mean in shown)
    terminal = xstilts(installed, boards.parent, "analyze", f"boards/{NAME}.md")
    assert "The weakest of all is" in terminal
    assert all(mean in terminal[terminal.index("The weakest of all is") :] for mean in shown)


def test_its_numbers_are_verified(installed, boards, tmp_path):
    folder = shutil.copytree(boards, tmp_path / "changed")
    data = folder / f"{NAME}.json"
    data.write_text(re.sub(r'("task": "\w+",\s+"mean": 0\.\d)(\d)', r"\g<1>0\2", data.read_text(), count=1))
    pages = (str(boards / f"{NAME}.md"), f"changed/{NAME}.md")
    untouched, changed = xstilts(installed, tmp_path, "verify", *pages, code=1).split("all as published")
    assert "recomputed" not in untouched
    assert re.search(rf"{NAME}.json: mini_nli: [^,]+, mean: published", changed)


def test_without_its_distribution_it_cannot_be_verified_which_is_said(boards):
    found = xstilts(None, boards.parent, "verify", f"boards/{NAME}.md", code=1)
    assert "there is no section of leaderboards 'weakest'" in found
