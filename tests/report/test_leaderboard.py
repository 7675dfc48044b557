"""Published leaderboards read through the public Python API."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.report.leaderboard import NotPublishedError
from harness.report.publish import publish
from harness.results.json_file import BoardFileError
from tests.report.experiments import experiment

SHIPPED = Path(__file__).parents[2] / "leaderboards"


@pytest.fixture(params=["shipped", "simulated, named by its JSON file"])
def page(request, tmp_path):
    if request.param == "shipped":
        return SHIPPED / "quickstart.md"
    made = experiment(tmp_path, items=100, seed=4)
    return publish(made.board, tmp_path / "boards", made.predictions).json


def test_rows_are_those_of_the_csv_file(page):
    read = harness.read_leaderboard(page)
    with page.with_suffix(".csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(row.target, row.sequence) for row in read.rows] == [(x["target"], x["sequence"]) for x in lines]
    averages = [row.statistics.average.mean for row in read.rows]
    assert averages == pytest.approx([float(line["average"]) for line in lines], abs=1e-6)
    frame = read.to_pandas()
    assert list(frame.columns) == list(lines[0])
    assert frame["average"].tolist() == pytest.approx(averages)


def test_the_items_of_a_run_give_its_score(page):
    read = harness.read_leaderboard(page)
    items, runs = read.items().to_pandas(), read.runs.to_pandas()
    keys = ["sequence", "seed", "task", "metric"]
    sums = items.groupby(keys, observed=True)[["numerator", "denominator"]].sum()
    scores = sums.numerator / sums.denominator
    assert len(runs) == len(scores) == len(read.runs)
    assert runs.set_index(keys).score.to_dict() == pytest.approx(scores.to_dict())
    assert runs["items"].sum() == len(items) == len(read.items())


def test_items_are_typed_and_sections_are_of_their_own_model():
    read = harness.read_leaderboard(SHIPPED / "quickstart.md")
    first = next(iter(read.items()))
    assert (first.language, first.denominator) == ("en", 1.0)
    assert read.section("order", "mini_nli").sequences == 5
    with pytest.raises(NotPublishedError, match="no section 'orders'"):
        read.section("orders", "mini_nli")


def test_what_is_no_leaderboard_is_refused(tmp_path):
    with pytest.raises(BoardFileError, match=r"none\.json"):
        harness.read_leaderboard(tmp_path / "none.md")


def test_the_package_is_imported_without_what_reads_leaderboards():
    code = "import harness, sys; print('numpy' in sys.modules, 'pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
