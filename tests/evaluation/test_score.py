import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from harness.data.evaluation_rows import load_evaluation_rows
from harness.evaluation.checkpoint import CheckpointError
from harness.evaluation.job import EvaluationJob, EvaluationProgress
from harness.evaluation.labels import LabelMismatchError
from harness.evaluation.score import evaluate_checkpoint
from harness.evaluation.task_manager import UnknownEvaluationTaskError
from harness.models.references import ModelRef
from harness.training.determinism import enable_determinism, is_deterministic
from tests.corpora import CORPORA

from . import models

ALL_XNLI = tuple(f"xtreme_xnli_{language}" for language in models.XNLI_LANGUAGES)


def score(checkpoint: Path, output: Path, xtreme: Path, **settings):
    settings = {"tasks": ALL_XNLI, "data_dir": xtreme} | settings
    return evaluate_checkpoint(EvaluationJob(checkpoint=ModelRef.at(checkpoint), output=output, **settings))


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
def test_accuracies_are_those_of_the_logits_item_for_item_in_all_languages(kind, tmp_path, xtreme):
    labels = ("neutral", "CONTRADICTION", "Entailment")
    folder = models.make_classifier(tmp_path / "model", labels, kind=kind, seed=1)
    result = score(folder, tmp_path / "out", xtreme)
    files = (tmp_path / "out" / f"{name}.parquet" for name in ("predictions", "logprobs"))
    table, scored = (pq.read_table(path).to_pydict() for path in files)
    assert [found.language for found in result.scores] == models.XNLI_LANGUAGES
    # Column of each XNLI label in the head's outputs, by name.
    columns = [2, 0, 1]
    predicted_labels = set()
    for found in result.scores:
        rows = load_evaluation_rows(CORPORA["xnli"], found.language, data_dir=xtreme)
        pairs = list(zip(rows.dataset["text_a"], rows.dataset["text_b"], strict=True))
        logits = models.direct_logits(folder, pairs, 96)[:, columns]
        gold = np.array(rows.dataset["label"])
        direct = logits.argmax(dim=1).numpy()
        at = [row for row, task in enumerate(table["task"]) if task == found.task]
        assert [table["item"][row] for row in at] == list(rows.dataset["item_id"])
        assert [table["prediction"][row] for row in at] == [models.XNLI[label] for label in direct]
        assert [table["reference"][row] for row in at] == [models.XNLI[label] for label in gold]
        logprobs = torch.tensor([scored["logprobs"][row] for row in at], dtype=torch.float64)
        torch.testing.assert_close(logprobs, logits.log_softmax(dim=1), rtol=0, atol=2e-5)
        assert found.score == (direct == gold).mean()
        assert found.items == len(gold)
        assert found.data_fingerprint == rows.fingerprint
        predicted_labels |= set(direct.tolist())
    assert len(predicted_labels) > 1


def test_results_are_in_the_format_of_lm_eval(tmp_path, classifier, xtreme):
    job = EvaluationJob(
        checkpoint=ModelRef.at(classifier), tasks=ALL_XNLI, data_dir=xtreme, limit=5, output=tmp_path
    )
    result = evaluate_checkpoint(job)
    written = json.loads((tmp_path / "results.json").read_text())
    for found in result.scores:
        assert written["results"][found.task]["acc,none"] == found.score
        assert written["n-samples"][found.task] == {"original": 12, "effective": 5}
        assert written["versions"][found.task] == 1.0
        assert len(written["task_hashes"][found.task]) == 64
        assert written["configs"][found.task]["metadata"]["split"] == "test"
    average = sum(found.score for found in result.scores) / 15
    assert written["groups"]["xtreme_xnli"]["acc,none"] == pytest.approx(average)
    assert written["groups"]["xtreme_xnli"]["acc_stderr,none"] == "N/A"
    assert written["config"]["model_args"]["pretrained"] == str(classifier)
    assert {"git_hash", "date", "lm_eval_version", "model_name", "total_evaluation_time_seconds"} <= set(
        written
    )


def test_limit_takes_the_first_items(tmp_path, classifier, xtreme):
    whole = score(classifier, tmp_path / "whole", xtreme, tasks=("xtreme_xnli_de",))
    some = score(classifier, tmp_path / "some", xtreme, tasks=("xtreme_xnli_de",), limit=5)
    assert (whole.scores[0].items, some.scores[0].items) == (12, 5)
    all_items, first = (
        pq.read_table(tmp_path / name / "predictions.parquet").to_pylist() for name in ("whole", "some")
    )
    assert [row["prediction"] for row in first] == [row["prediction"] for row in all_items[:5]]


def test_batch_size_does_not_change_the_answers_and_progress_reaches_the_end(tmp_path, classifier, xtreme):
    told: list[EvaluationProgress] = []
    answers = []
    for size in (1, 64):
        output = tmp_path / str(size)
        job = EvaluationJob(
            checkpoint=ModelRef.at(classifier),
            tasks=ALL_XNLI,
            data_dir=xtreme,
            batch_size=size,
            output=output,
        )
        evaluate_checkpoint(job, told.append)
        answers.append(pq.read_table(output / "predictions.parquet").column("prediction").to_pylist())
    assert answers[0] == answers[1]
    assert (told[-1].done, told[-1].total) == (180, 180)


def test_scoring_that_needs_an_operation_without_a_deterministic_form_is_done_again_with_it(
    tmp_path, classifier, xtreme
):
    job = EvaluationJob(
        checkpoint=ModelRef.at(classifier), tasks=ALL_XNLI[:2], data_dir=xtreme, output=tmp_path / "strict"
    )
    enable_determinism()
    try:
        # torch has `put_` in no deterministic form, on CPUs either.
        with pytest.warns(UserWarning, match="deterministic"):
            strict = evaluate_checkpoint(job, lambda _: torch.zeros(3).put_(torch.tensor([1]), torch.ones(1)))
        assert is_deterministic()
    finally:
        torch.use_deterministic_algorithms(False)
    assert strict.scores == score(classifier, tmp_path / "plain", xtreme, tasks=ALL_XNLI[:2]).scores


def test_bf16_computes_the_head_in_fp32_and_stays_near(tmp_path, classifier, xtreme):
    for precision in ("fp32", "bf16"):
        score(classifier, tmp_path / precision, xtreme, precision=precision)
    exact, rough = (
        np.array(pq.read_table(tmp_path / name / "logprobs.parquet")["logprobs"].to_pylist())
        for name in ("fp32", "bf16")
    )
    assert 0 < np.abs(exact - rough).max() < 0.5
    # bf16 logits would take few values: 3 significant digits
    assert len({round(float(value), 6) for value in rough[:, 0]}) > 170


def test_inputs_are_cut_where_training_cut_them(tmp_path, xtreme):
    folder = models.make_classifier(tmp_path / "model", xstilts={"max_length": 20})
    score(folder, tmp_path / "out", xtreme, tasks=("xtreme_xnli_th",))
    rows = load_evaluation_rows(CORPORA["xnli"], "th", data_dir=xtreme).dataset
    logits = models.direct_logits(folder, list(zip(rows["text_a"], rows["text_b"], strict=True)), 20)
    found = pq.read_table(tmp_path / "out" / "logprobs.parquet")["logprobs"].to_pylist()
    torch.testing.assert_close(
        torch.tensor(found, dtype=torch.float64), logits.log_softmax(dim=1), rtol=0, atol=2e-5
    )


def test_a_stage_folder_is_scored_by_its_classifier(tmp_path, xtreme):
    models.make_classifier(tmp_path / "stage" / "classifier")
    inner = score(tmp_path / "stage" / "classifier", tmp_path / "a", xtreme)
    outer = score(tmp_path / "stage", tmp_path / "b", xtreme)
    assert inner.scores == outer.scores


def test_changed_data_in_another_folder_are_not_taken_from_the_cache(tmp_path, classifier, xtreme):
    models.write_xtreme(tmp_path / "data", rows=9)
    assert score(classifier, tmp_path / "a", xtreme).scores[0].items == 12
    assert score(classifier, tmp_path / "b", tmp_path / "data").scores[0].items == 9


def test_two_labels_on_a_task_of_three_are_refused(tmp_path, xtreme):
    folder = models.make_classifier(tmp_path / "model", ("entailment", "contradiction"))
    with pytest.raises(LabelMismatchError, match=r"3 choices .* 2 labels entailment, contradiction"):
        score(folder, tmp_path / "out", xtreme)


def test_more_labels_than_choices_are_refused(tmp_path, xtreme):
    folder = models.make_classifier(tmp_path / "model", ("not_paraphrase", "paraphrase", "unsure"))
    with pytest.raises(LabelMismatchError, match="2 choices"):
        score(folder, tmp_path / "out", xtreme, tasks=("xtreme_pawsx_ko",))


def test_generic_label_names_are_refused_until_they_are_told(tmp_path, xtreme):
    folder = models.make_classifier(tmp_path / "model", ("LABEL_0", "LABEL_1", "LABEL_2"))
    with pytest.raises(CheckpointError, match="--labels"):
        score(folder, tmp_path / "out", xtreme)
    with pytest.raises(CheckpointError, match="3 outputs"):
        score(folder, tmp_path / "out", xtreme, labels=("entailment", "neutral"))
    told = score(folder, tmp_path / "out", xtreme, labels=models.XNLI)
    models.edit_config(folder, id2label=dict(enumerate(models.XNLI)))
    assert score(folder, tmp_path / "named", xtreme).scores == told.scores


def test_unlabelled_rows_are_refused(tmp_path, classifier):
    from harness.errors import UserError

    models.write_xtreme(tmp_path / "data")
    path = tmp_path / "data" / "xtreme" / "xnli" / "test-sw.tsv"
    path.write_text(path.read_text().replace("\tneutral", "\t-1"))
    with pytest.raises(UserError, match=r"test-sw\.tsv"):
        score(classifier, tmp_path / "out", tmp_path / "data")
    assert not (tmp_path / "out" / "results.json").exists()


def test_an_unknown_task_names_the_nearest(tmp_path, classifier, xtreme):
    with pytest.raises(UnknownEvaluationTaskError, match="Did you mean xtreme_xnli_de"):
        score(classifier, tmp_path / "out", xtreme, tasks=("xtreme_xnli_dee",))


def test_a_missing_language_is_refused(tmp_path, classifier, monkeypatch):
    from harness.errors import UserError

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    models.write_xtreme(tmp_path / "data", languages=("en", "de"))
    with pytest.raises(UserError, match="'fr'"):
        score(classifier, tmp_path / "out", tmp_path / "data", tasks=("xtreme_xnli_en", "xtreme_xnli_fr"))
