"""`xstilts push`: what is written for a row, what arrives at a hub, and what is refused."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import harness
from harness.export.model_card import ModelCard
from harness.report.publication import read_publication
from harness.report.sections.scores.section import SCORES
from harness.reproduction.published_row import published_row
from tests.execution.experiment import make_experiment
from tests.export.hub_server import TOKEN, Hub, running_hub

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "me/rte-first"


@pytest.fixture
def hub():
    with running_hub() as hub:
        yield hub


def upload(folder: Path, repository: str, variables: dict[str, str]) -> tuple[int, str]:
    """Upload a folder in a process of its own: huggingface_hub reads its variables when it is imported."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom harness.errors import XstiltsError\n"
        "from harness.export.upload import upload\n"
        "try:\n    print(upload(Path(sys.argv[1]), sys.argv[2], 'a message', private=True))\n"
        "except XstiltsError as error:\n    print(type(error).__name__, error)\n"
        "    sys.exit(error.exit_code)\n"
    )
    return _run(["-c", program, str(folder), repository], variables)


def push(page: Path, store: Path, *words: str, **variables: str) -> tuple[int, str]:
    options = ["--row", "1", "--store", str(store), "--repository", REPOSITORY]
    return _run(["-m", "harness.cli.main", "push", str(page), *options, *words], variables)


def _run(words: list[str], variables: dict[str, str]) -> tuple[int, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
    environment = clean | {
        "PYTHONPATH": str(ROOT),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HOME": "/nonexistent",
    }
    done = subprocess.run(
        [sys.executable, *words],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_folder_arrives_whole_in_a_private_repository(tmp_path: Path, hub: Hub) -> None:
    (tmp_path / "leaderboard").mkdir()
    files = {
        "README.md": b"---\ntags: [x]\n---\n",
        "leaderboard/a.json": b"{}",
        "model.safetensors": bytes(3000),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    code, said = upload(tmp_path, REPOSITORY, {"HF_ENDPOINT": hub.address, "HF_TOKEN": TOKEN})
    assert code == 0, said
    assert hub.address in said and REPOSITORY in said
    assert hub.repositories[REPOSITORY].items() >= files.items()
    assert hub.private[REPOSITORY] and hub.messages == ["a message"]


@pytest.mark.parametrize(
    ("repository", "variables", "code", "error"),
    [
        (REPOSITORY, {}, 2, "NoTokenError"),
        ("me/a name", {"HF_TOKEN": TOKEN}, 2, "RepositoryNameError"),
        (REPOSITORY, {"HF_TOKEN": "hf_other"}, 1, "HubError me/rte-first: the hub refuses this token (401)"),
        (REPOSITORY, {"HF_TOKEN": TOKEN, "HF_ENDPOINT": "http://127.0.0.1:9"}, 1, "cannot be reached"),
    ],
)
def test_what_cannot_be_uploaded_is_an_error_of_its_own(
    tmp_path: Path, hub: Hub, repository: str, variables: dict[str, str], code: int, error: str
) -> None:
    (tmp_path / "README.md").write_text("x")
    found, said = upload(tmp_path, repository, {"HF_ENDPOINT": hub.address} | variables)
    assert (found, error in said) == (code, True), said
    assert "Traceback" not in said
    assert not any(hub.repositories.values())


def test_the_card_has_the_scores_of_its_row_with_their_interval() -> None:
    page = ROOT / "leaderboards" / "quickstart.md"
    row = published_row(page, 1, None, None)
    publication = read_publication(page)
    text = ModelCard(publication, row, REPOSITORY).text()
    table = publication.of(SCORES, row.row.target)
    assert table is not None and table.rows[0].average_interval is not None
    interval = table.rows[0].average_interval
    assert f"interval over seeds and items {100 * interval.low:.1f} to {100 * interval.high:.1f}" in text
    for column in row.board.languages[row.row.target]:
        assert re.search(rf"\| {column.language} +\| +{100 * row.result.scores[column.task]:.1f} +\|", text)
    assert "leaderboard/quickstart.md" in text and "base_model" not in text


@pytest.mark.slow
def test_a_row_is_pushed_with_its_card_checkpoint_and_leaderboard(tmp_path: Path, hub: Hub) -> None:
    file = make_experiment(tmp_path, rows=16, orders="[[rte]]", seeds="[1, 2]")
    store = tmp_path / "store"
    report = harness.run(
        file,
        store=store,
        leaderboards=tmp_path / "boards",
        data_dir=tmp_path / "data",
        executor="inline",
        quiet=True,
    )
    page = report.published.markdown
    code, said = push(page, store, "--dry-run", str(tmp_path / "card"))
    assert code == 0 and "nothing was uploaded" in said
    _, front, body = (tmp_path / "card" / "README.md").read_text().split("---\n", 2)
    front = yaml.safe_load(front)
    results = front["model-index"][0]["results"]
    published = json.loads(report.published.json.read_text())["board"]["rows"][0]["seeds"][0]["scores"]
    assert {one["dataset"]["config"]: one["metrics"][0]["value"] for one in results} == {
        task.removeprefix("xtreme_xnli_"): score for task, score in published.items()
    }
    assert {"en", "de", "sw"} == set(front["language"])
    assert (
        "Average over 2 seeds" in body and str(tmp_path) not in body and "leaderboard/tiny-orders.md" in body
    )

    code, said = push(page, store, HF_ENDPOINT=hub.address, HF_TOKEN=TOKEN)
    assert code == 0, said
    arrived = hub.repositories[REPOSITORY]
    written = {
        str(path.relative_to(tmp_path / "card")): path.read_bytes()
        for path in (tmp_path / "card").rglob("*")
        if path.is_file()
    }
    assert arrived == written
    assert {"config.json", "leaderboard/tiny-orders.predictions.parquet"} <= arrived.keys()
    assert any(name.endswith(".safetensors") for name in arrived)

    code, said = push(page, tmp_path / "boards", "--dry-run", str(tmp_path / "other"))
    assert code == 2 and "Traceback" not in said
