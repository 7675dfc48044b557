import re

import pytest
from click.testing import CliRunner

from harness.cli.main import cli
from harness.report.publish import publish
from harness.results.json_file import BoardFileError
from tests.report.experiments import ORDERS, experiment


def analyzed(folder, *arguments):
    return CliRunner().invoke(cli, ["analyze", *arguments, "--leaderboards", str(folder / "boards")])


@pytest.mark.parametrize(
    "named", ["rte-paraphrase-xnli", "boards/rte-paraphrase-xnli.md", "sequences/rte-paraphrase-xnli.yaml"]
)
def test_it_says_so_when_nothing_is_significant(tmp_path, monkeypatch, named):
    made = experiment(tmp_path, items=100, seed=4)
    publish(made.board, tmp_path / "boards", made.predictions)
    monkeypatch.chdir(tmp_path)
    text = analyzed(tmp_path, named).output
    assert "no significant effect" in text
    assert "4 of 5 sequences share their first stage" in text
    assert "of 1 distinct effect for A before B, none is significant" in text
    assert re.search(r"With 80% power the 3 seeds detect a difference of \d+\.\d points", text)


def test_it_says_which_order_is_better_and_how_many_seeds_a_difference_needs(tmp_path):
    made = experiment(tmp_path, seeds=range(1, 9), items=400, effects=[0, 0, 0, 1.0, 0])
    publish(made.board, tmp_path / "boards", made.predictions)
    text = analyzed(tmp_path, made.board.name, "--difference", "7.5", "--difference", "25").output
    assert "has a significant effect" in text
    assert "rte before pawsx: +" in text
    rows = {
        line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()[:3] in ("7.5", "25 ")
    }
    assert int(rows["7.5"][0]) > int(rows["25"][0])


def test_without_two_orders_of_the_same_tasks_it_says_why_there_is_no_answer(tmp_path):
    made = experiment(tmp_path, items=50, orders=ORDERS[:3])
    publish(made.board, tmp_path / "boards", made.predictions)
    assert "no two complete sequences have the same tasks" in analyzed(tmp_path, made.board.name).output


def test_an_unknown_leaderboard_is_named_with_the_remedy(tmp_path):
    failed = analyzed(tmp_path, "nowhere")
    assert isinstance(failed.exception, BoardFileError)
    assert "nowhere: there is no leaderboard of it" in str(failed.exception)
    assert "xstilts run nowhere" in str(failed.exception)
