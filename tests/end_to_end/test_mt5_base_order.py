"""The shipped file `mt5-base-order` with a tiny random mT5 and small local files for its model and rows."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from harness.resources import shipped
from harness.store.manifest import STAGES
from harness.store.store import Store
from tests.evaluation.models import write_xtreme
from tests.training.models import WORDS
from tests.training.text_models import make_mt5

ROOT = Path(__file__).resolve().parents[2]
ROWS = 24
NLI = ("entailment", "neutral", "contradiction")


def write_rows(data: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    draw = random.Random(5)

    def text() -> str:
        return " ".join(draw.choices(WORDS, k=draw.randint(3, 8)))

    write_xtreme(data)
    for path, labels, header in (
        ("xtreme/xnli/train-en.tsv", NLI, ""),
        ("xtreme/pawsx/train-en.tsv", "01", ""),
        ("glue/qqp/train.tsv", "01", "question1\tquestion2\tlabel\n"),
    ):
        (data / path).parent.mkdir(parents=True, exist_ok=True)
        lines = ["\t".join((text(), text(), draw.choice(labels))) for _ in range(ROWS)]
        (data / path).write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
    questions = []
    for row in range(ROWS):
        context = text()
        word = draw.choice(context.split())
        answer = {"text": word, "answer_start": context.index(word)}
        questions.append(
            {"context": context, "qas": [{"id": str(row), "question": text(), "answers": [answer]}]}
        )
    squad = data / "xtreme" / "squad" / "train-v1.1.json"
    squad.parent.mkdir(parents=True)
    squad.write_text(json.dumps({"data": [{"title": "", "paragraphs": questions}]}))
    choices = [
        {
            "question": text(),
            "choices": {"label": list("ABCDE"), "text": draw.sample(WORDS, 5)},
            "answerKey": draw.choice("ABCDE"),
        }
        for _ in range(ROWS)
    ]
    (data / "commonsenseqa").mkdir()
    pq.write_table(pa.Table.from_pylist(choices), data / "commonsenseqa" / "train.parquet")


def xstilts(folder: Path, *words: str) -> str:
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
        "XSTILTS_CACHE": str(folder / "cache"),
        "XSTILTS_DATA": str(folder / "data"),
    }
    command = [sys.executable, "-m", "harness.cli.main", *words]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=folder)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return run.stdout


@pytest.mark.slow
def test_the_shipped_file_runs_in_miniature(tmp_path):
    text = (shipped("sequences") / "mt5-base-order.yaml").read_text(encoding="utf-8")
    assert text.count("\nmodel: google/mt5-base\n") == 1
    file = tmp_path / "mt5-base-order.yaml"
    file.write_text(text.replace("google/mt5-base", str(tmp_path / "mt5")), encoding="utf-8")
    make_mt5(tmp_path / "mt5", ["xnli: premise: hypothesis: pawsx: sentence1:", " ".join(NLI), "paraphrase"])
    write_rows(tmp_path / "data")

    xstilts(tmp_path, "validate", str(file))
    assert "scoring pawsx" in xstilts(tmp_path, "plan", str(file), "--cost")
    out = xstilts(tmp_path, "run", str(file), "--seeds", "1", "--limit", "8")
    # 3 single tasks, 6 pairs, and both targets after each of 10 orders.
    assert "29 stages trained, 0 reused; 20 evaluations made" in out
    board = json.loads((tmp_path / "leaderboards" / "mt5-base-order.json").read_text())["board"]
    results = {(*row["order"], row["target"]): row["seeds"][0] for row in board["rows"]}
    assert len(results) == 20 and {result["status"] for result in results.values()} == {"ok"}

    store = Store(tmp_path / ".xstilts" / "store")
    stages = {stage.path: stage for stage in store.all(STAGES)}
    assert all(stage.result.precision == "bf16" for stage in stages.values())
    path = ("squad_v1", "qqp", "pawsx")
    folder = store.path(STAGES, stages[path].digest)
    where = ("--tasks", "xtreme_pawsx", "--limit", "8", "--precision", "bf16", "--output", "again")
    xstilts(tmp_path, "eval", str(folder), *where)
    again = json.loads((tmp_path / "again" / "results.json").read_text())["results"]
    scores = {task: found["acc,none"] for task, found in again.items() if task != "xtreme_pawsx"}
    assert scores == results[path]["scores"]
