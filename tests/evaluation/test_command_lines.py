import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness.cli.main import main
from harness.evaluation.scorer import CheckpointScorer

from . import models


@pytest.fixture
def run(monkeypatch, capsys):
    """Call `xstilts` in this process; returns exit code, stdout, stderr."""
    import lm_eval.tasks

    monkeypatch.setattr(lm_eval.tasks, "TaskManager", lm_eval.tasks.TaskManager)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["xstilts", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        return (code, *capsys.readouterr())

    return call


def test_eval_prints_languages_and_averages_and_writes_the_results(run, tmp_path, classifier, xtreme):
    output = tmp_path / "out"
    arguments = ("--tasks", "xtreme_xnli_de, xtreme_xnli_en", "--data-dir", xtreme, "--output", output)
    code, out, _ = run("eval", classifier, *arguments)
    assert code == 0
    results = json.loads((output / "results.json").read_text())["results"]
    for language in ("de", "en"):
        assert f"{100 * results[f'xtreme_xnli_{language}']['acc,none']:.2f}" in out
    german = 100 * results["xtreme_xnli_de"]["acc,none"]
    (line,) = [line for line in out.splitlines() if "non-English average" in line]
    assert f"{german:.2f}" in line


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"--tasks": "xtreme_xnli_dee"}, "Did you mean xtreme_xnli_de?"),
        ({"--tasks": " , "}, "names nothing"),
        ({"--data-dir": "nowhere"}, "nowhere"),
        ({"--labels": "a,b"}, "3 outputs"),
        ({"--tasks": "xtreme_pawsx_de"}, "not_paraphrase"),
        ({"--precision": "fp16"}, "needs a GPU"),
    ],
)
def test_eval_refuses_without_a_traceback(run, tmp_path, classifier, xtreme, changes, message):
    options = {"--tasks": "xtreme_xnli_de", "--data-dir": xtreme, "--output": tmp_path / "out"} | changes
    code, _, err = run("eval", classifier, *(part for option in options.items() for part in option))
    assert code == 2
    assert message in err
    assert "Traceback" not in err


def test_lm_eval_answers_from_its_cache_and_not_for_another_checkpoint(
    run, monkeypatch, tmp_path, classifier, xtreme
):
    monkeypatch.setenv("XSTILTS_DATA", str(xtreme))
    other = models.make_classifier(tmp_path / "other", seed=1)

    def score(checkpoint: Path, name: str) -> tuple[int, str, dict]:
        code, _, err = run(
            "lm-eval",
            *("--model", "xstilts", "--model_args", f"pretrained={checkpoint}"),
            *("--tasks", "xtreme_xnli_zh,xtreme_xnli_en", "--use_cache", tmp_path / "cache"),
            *("--log_samples", "--output_path", tmp_path / name / "results.json"),
        )
        found = list((tmp_path / name).glob("results_*.json"))
        return code, err, json.loads(found[0].read_text()) if found else {}

    code, _, first = score(classifier, "first")
    assert code == 0
    calls = []
    original = CheckpointScorer.log_probabilities
    monkeypatch.setattr(
        CheckpointScorer, "log_probabilities", lambda *given: calls.append(1) or original(*given)
    )
    _, _, second = score(classifier, "second")
    assert not calls
    assert second["results"] == first["results"]
    ours = tmp_path / "ours"
    run("eval", classifier, "--tasks", "xtreme_xnli_zh,xtreme_xnli_en", "--output", ours)
    written = json.loads((ours / "results.json").read_text())
    assert {name: found["acc,none"] for name, found in written["results"].items()} == {
        name: found["acc,none"] for name, found in first["results"].items()
    }
    assert written["task_hashes"] == first["task_hashes"]
    missing = set(first) - set(written)
    assert not missing
    code, err, _ = score(other, "third")
    assert code == 2
    assert "another checkpoint" in err


def test_lm_eval_refuses_prompts_and_other_kinds_of_task(run, monkeypatch, tmp_path, classifier, xtreme):
    monkeypatch.setenv("XSTILTS_DATA", str(xtreme))
    base = ("lm-eval", "run", "--model", "xstilts", "--model_args", f"pretrained={classifier}")
    code, _, err = run(*base, "--tasks", "xtreme_xnli_en", "--system_instruction", "Be brief.")
    assert code == 2
    assert "put before the document" in err


@pytest.mark.slow
def test_two_processes_give_the_answers_of_one(tmp_path, classifier, xtreme):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path.cwd())}
    answers, printed = [], []
    for processes in (1, 2):
        output = tmp_path / str(processes)
        launcher = ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
        command = [sys.executable, "-m", *launcher, "harness.cli.main", "eval", str(classifier)]
        options = [
            "--tasks",
            "xtreme_xnli",
            "--limit",
            "11",
            "--data-dir",
            str(xtreme),
            "--output",
            str(output),
        ]
        done = subprocess.run(
            [*command, *options], env=environment, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, done.stderr[-4000:]
        printed.append(done.stdout.split("results.json")[0].replace(str(output), ""))
        table = pq.read_table(output / "predictions.parquet")
        answers.append(table.to_pydict())
    assert answers[0] == answers[1]
    assert printed[0] == printed[1]


OWN = """\
name: own_nli
kind: classification
title: Own NLI
citation: nobody
license: CC0
inputs: [a, b]
label: c
labels: [entailment, neutral, contradiction]
languages: [en, de]
sources:
  folder: {path: "own/{language}.tsv", format: tsv, columns: [a, b, c]}
"""


@pytest.mark.parametrize("command", ["eval", "lm-eval"])
def test_a_users_corpus_is_scored_without_a_file_for_lm_eval(command, run, tmp_path, monkeypatch, classifier):
    """Beside a sequence file, named by an option, for `eval`; in the user's folder for `lm-eval`."""
    monkeypatch.setenv("XSTILTS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XSTILTS_DATA", str(tmp_path))
    tasks = (tmp_path if command == "eval" else tmp_path / "home") / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "own_nli.yaml").write_text(OWN)
    (tmp_path / "own").mkdir()
    for language in ("en", "de"):
        rows = [f"{language} {row}\tb\t{('entailment', 'neutral')[row % 2]}\n" for row in range(6)]
        (tmp_path / "own" / f"{language}.tsv").write_text("".join(rows))
    output = tmp_path / "out"
    if command == "eval":
        given = (classifier, "--tasks", "own_nli", "--output", output, "--include-path", tasks)
    else:
        arguments = ("--model_args", f"pretrained={classifier}", "--output_path", output / "results.json")
        given = ("--model", "xstilts", "--tasks", "own_nli", *arguments)
    code, _, error = run(command, *given)
    assert code == 0, error
    (results,) = output.rglob("results*.json")
    written = json.loads(results.read_text())["results"]
    assert {"own_nli", "own_nli_en", "own_nli_de"} == set(written)
    accuracies = [written[name]["acc,none"] for name in ("own_nli_en", "own_nli_de")]
    assert written["own_nli"]["acc,none"] == pytest.approx(sum(accuracies) / 2)
