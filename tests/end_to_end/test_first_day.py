"""The first day of a newcomer, by the command line: what is published is complete, and nothing is lost."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import cli
from harness.errors import XstiltsError
from tests.execution.experiment import make_experiment

pytestmark = pytest.mark.slow

_OWN = """\
name: own
kind: classification
title: My rows
inputs: [premise, hypothesis]
label: label
labels: [entailment, neutral, contradiction]
scored_by: [xtreme_xnli]
sources:
  folder: {path: own.tsv, format: tsv, columns: [premise, hypothesis, label]}
held_out: {share: 0.3, seed: 1}
"""


def xstilts(*words: object) -> tuple[int, str]:
    """Run a command in this process; return its exit code and everything it says."""
    found = CliRunner().invoke(cli, [str(word) for word in words])
    if isinstance(found.exception, XstiltsError):
        return found.exception.exit_code, f"{found.output}{found.exception}"
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found.exit_code, found.output


class Day:
    """An experiment of a tiny model with a task of the user's own, whose rows lie beside its file."""

    def __init__(self, folder: Path) -> None:
        """Write the files."""
        self.folder = folder
        self.file = make_experiment(folder, orders="[[], [rte]]", seeds="[1]")
        text = self.file.read_text().replace("targets: [xnli]", "targets: [own]")
        self.file.write_text(text + "forgetting: true\n")
        (folder / "tasks").mkdir()
        (folder / "tasks" / "own.yaml").write_text(_OWN)
        shutil.copy(folder / "data" / "xtreme" / "xnli" / "train-en.tsv", folder / "tasks" / "own.tsv")
        # A second folder of data.
        (folder / "more").mkdir()
        (folder / "data" / "glue").rename(folder / "more" / "glue")
        self.boards = folder / "boards"
        self.page = self.boards / "tiny-orders.md"

    def run(self, *words: object) -> tuple[int, str]:
        """Run the sequence file."""
        return xstilts("run", self.file, *self.places(), "--workers", 1, *words)

    def places(self) -> tuple[object, ...]:
        """Return the options that say where everything lies."""
        data = ("--data-dir", self.folder / "data", "--data-dir", self.folder / "more")
        return (*data, "--store", self.folder / "store", "--leaderboards", self.boards)

    def board(self) -> dict[str, object]:
        """Return what the page's JSON holds of the board."""
        found: dict[str, object] = json.loads(self.page.with_suffix(".json").read_text())["board"]
        return found


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory):
    made = Day(tmp_path_factory.mktemp("day"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSTILTS_CACHE", str(made.folder / "cache"))
        patch.setenv("XSTILTS_HOME", str(made.folder / "home"))
        patch.setenv("OMP_NUM_THREADS", "1")
        code, said = made.run("--limit", 8)
        assert code == 0, said
        code, said = made.run()
        assert code == 0, said
        made.said = said
        yield made


def test_a_trial_has_a_name_of_its_own_and_says_that_it_is_one_in_every_form(day: Day) -> None:
    trial = day.boards / "tiny-orders-trial-8"
    for ending in (".md", ".html", ".tex", ".narrow.tex"):
        assert "A trial, not a result" in Path(f"{trial}{ending}").read_text(), ending
    for ending in (".csv", ".seeds.csv"):
        header, first, *_ = Path(f"{trial}{ending}").read_text().splitlines()
        assert "limited_to_items" in header.split(",")
        assert ",8," in first
    assert "A trial" not in day.page.read_text()


def test_the_page_has_the_settings_of_the_manifests_and_what_was_trained_and_scored(day: Day) -> None:
    text = day.page.read_text()
    assert "Trained on own, scored on XNLI test (en, de, sw)." in text
    assert r"trained on own, scored on XNLI test (en, de, sw)" in day.page.with_suffix(".tex").read_text()
    settings = {one["stage"]: one for one in day.board()["settings"]}
    manifests = [json.loads(p.read_text()) for p in day.folder.glob("store/stages/*/manifest.json")]
    assert len(manifests) >= 3
    full = [m for m in manifests if m["hyperparameters"]["train_rows"] is None]
    for manifest in full:
        one = settings[manifest["path"][-1]]
        assert one["hyperparameters"] == manifest["hyperparameters"]
        assert [m["used"] for m in one["members"]] == [m["rows"] for m in manifest["result"]["members"]]
        assert one["from_manifests"]
    learned = day.board()["held_out"]
    assert [one["task"] for one in learned] == ["own"] and learned[0]["rows"] == 48 - settings["own"][
        "members"
    ][0]["used"]
    assert "What the stages learned" in text and "significantly above the commonest label" in day.said
    for word in ("learning rate", "epochs", "batch size", "precision", "rows used", "device-hours", "FLOPs"):
        assert word in text, word
    used = settings["own"]["members"][0]["used"]
    assert 0 < used < 48 and f"| {used} |" in " ".join(text.split())


def test_forgetting_is_measured_on_a_declared_share_and_gaps_are_named(day: Day) -> None:
    assert "forgetting of rte is not measured: its held-out rows are not available" in day.said
    assert "**Forgetting:** Not measured, and in no mean: rte" in day.page.read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--seeds", 3), "it has seed 1, which this has not"),
        (("--deepspeed", "zero3"), None),
    ],
)
def test_less_is_refused_before_anything_is_trained_and_the_same_is_not(day: Day, words, says) -> None:
    before = day.page.with_suffix(".json").read_bytes()
    code, said = day.run(*words)
    if says is None:
        assert code == 0, said
        return
    assert code == 2 and says in said and "--replace" in said
    assert "trained" not in said
    assert day.page.with_suffix(".json").read_bytes() == before


def test_other_settings_replace_nothing_unless_asked_to_and_then_a_copy_stays(day: Day) -> None:
    text = day.file.read_text()
    page = day.page.with_suffix(".json").read_bytes()
    try:
        day.file.write_text(text.replace("learning_rate: 1.0e-3", "learning_rate: 2.0e-3"))
        code, said = day.run()
        assert code == 2 and "it was made with other settings, model or data" in said
        code, said = xstilts("publish", day.file, *day.places())
        assert code == 2 and "the store holds no evaluation of it" in said
    finally:
        day.file.write_text(text)
    assert day.page.with_suffix(".json").read_bytes() == page


def test_a_row_leads_to_its_checkpoint_curve_and_settings(day: Day, tmp_path: Path) -> None:
    words = ("--store", day.folder / "store", "--leaderboards", day.boards)
    code, said = xstilts("show", "tiny-orders", *words)
    assert code == 0 and "rte → own" in said
    row = next(line.split()[0] for line in said.splitlines() if "rte → own" in line)
    code, said = xstilts("show", "tiny-orders", "--row", row, *words, "--curves", tmp_path)
    assert code == 0, said
    folder = Path(said.split("checkpoint with the head of own: ")[1].split(",")[0])
    assert (folder / "model.safetensors").is_file() or list(folder.glob("*.safetensors"))
    assert "learning rate 0.001" in said and "device-hours" in said
    logs = [Path(line.split("log: ")[1]) for line in said.splitlines() if "  log: " in line]
    assert len(logs) == 3 and all(log.is_file() for log in logs), said
    assert "`xstilts show tiny-orders --row ROW --seed SEED`" in day.page.read_text()
    assert {path.suffix for path in tmp_path.iterdir()} == {".csv", ".png"}
    assert len(list(tmp_path.iterdir())) == 4


def test_a_plan_says_what_is_reused_and_what_the_rest_takes(day: Day) -> None:
    data = ("--data-dir", day.folder / "data", "--data-dir", day.folder / "more")
    words = ("plan", day.file, *data, "--store", day.folder / "store", "--cost")
    code, said = xstilts(*words)
    assert code == 0 and "In the store: 3 stages reused, 0 to train; the rest takes 0 s." in said
    code, said = xstilts(*words, "--add-seeds", 2)
    assert code == 0 and "In the store: 3 stages reused, 3 to train; the rest takes" in said
    code, said = xstilts(*words, "--limit", 8, "--seeds", 1)
    assert code == 0 and "In the store: 3 stages reused, 0 to train" in said


def test_everything_that_is_missing_is_named_at_once(day: Day) -> None:
    xnli = day.folder / "data" / "xtreme" / "xnli"
    hidden = {xnli / f"test-{code}.tsv": day.folder / f"hidden-{code}.tsv" for code in ("de", "sw")}
    for path, place in hidden.items():
        path.rename(place)
    try:
        code, said = xstilts("lock", day.file, "--data-dir", day.folder / "data")
    finally:
        for path, place in hidden.items():
            place.rename(path)
    assert code == 2
    assert "3 data sets are not available" in said
    assert all(name in said for name in ("'rte'", "test-de.tsv", "test-sw.tsv"))
    assert "score only what is there: evaluation: {tasks: [xtreme_xnli_en]}" in said


def test_a_stage_does_not_do_another_task_and_says_which_stage_it_is(day: Day, tmp_path: Path) -> None:
    manifests = {
        path.parent: json.loads(path.read_text()) for path in day.folder.glob("store/stages/*/manifest.json")
    }
    rte = next(folder for folder, manifest in manifests.items() if manifest["path"] == ["rte"])
    for place in (rte, rte / "encoder"):
        code, said = xstilts(
            "eval",
            place,
            "--tasks",
            "xtreme_xnli_en",
            "--data-dir",
            day.folder / "data",
            "--output",
            tmp_path,
        )
        assert code == 2 and "This folder is of the stage rte, seed 1" in said and "xstilts show NAME" in said


def test_what_is_published_of_a_stage_stays_when_its_folder_is_removed(day: Day) -> None:
    before = day.board()
    own = next(row for row in before["rows"] if row["order"] == ["rte"])["seeds"][0]
    parent = day.folder / "store" / next(iter(own["manifests"]))
    kept = day.folder / "removed"
    parent.rename(kept)
    try:
        code, said = day.run()
        assert (
            code == 0 and "absent  rte" in said and "2 reused (1 not in the store and not needed)" in said
        ), said
        after = day.board()
        for part in ("rows", "settings", "curves", "held_out", "compute"):
            assert after[part] == before[part], part
        code, said = xstilts("store", "check", "--store", day.folder / "store")
        assert code == 0 and parent.name in said and "are not there" in said
        code, said = xstilts("verify", day.page, "--store", day.folder / "store")
        assert code == 1 and f"{parent.name}/manifest.json" in said and "missing" in said
    finally:
        kept.rename(parent)


def test_an_empty_or_absent_store_makes_no_page(day: Day, tmp_path: Path) -> None:
    data = ("--data-dir", day.folder / "data", "--data-dir", day.folder / "more")
    code, said = xstilts(
        "publish", day.file, *data, "--store", tmp_path / "none", "--leaderboards", tmp_path / "boards"
    )
    assert code == 2 and "there is none" in said
    assert not (tmp_path / "none").exists() and not (tmp_path / "boards").exists()


def test_the_page_alone_reproduces_a_row_when_its_files_are_gone(
    day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in day.boards.glob("tiny-orders.*"):
        shutil.copy(path, tmp_path / path.name)
    monkeypatch.chdir(tmp_path)
    kept = {path: path.read_bytes() for path in (day.file, day.folder / "tasks" / "own.yaml")}
    rows = day.folder / "rows"
    rows.mkdir()
    shutil.copy(day.folder / "tasks" / "own.tsv", rows / "own.tsv")
    try:
        for path in kept:
            path.unlink()
        code, said = xstilts(
            "reproduce", "tiny-orders.md", "--row", 1, "--store", day.folder / "store", "--workers", 1,
            "--data-dir", day.folder / "data", "--data-dir", day.folder / "more", "--data-dir", rows,
        )  # fmt: skip
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    assert code == 0, said
    assert "bit-identical" in said and said.rstrip().endswith("The same.")
    code, said = xstilts("verify", day.boards)
    assert code == 0, said
    assert said.count("all as published") == 2
