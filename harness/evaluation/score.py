"""Scores a checkpoint on evaluation tasks by lm-eval, in this process or in all processes of a group."""

import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import lm_eval

from harness.errors import RunError
from harness.evaluation.job import EvaluationJob, EvaluationProgress, EvaluationResult, TaskScore
from harness.evaluation.loaded_tasks import LoadedTasks, load_tasks, quiet_lm_eval
from harness.evaluation.model import XstiltsModel
from harness.evaluation.predictions import (
    TaskPredictions,
    collect_logprobs,
    merge_logprobs,
    write_predictions,
)
from harness.evaluation.results_file import ResultsFile

_EQUAL = 1e-9


class InconsistentScoreError(RunError):
    """lm-eval's accuracy is not the accuracy of the recorded answers."""


def evaluate_checkpoint(
    job: EvaluationJob, report: Callable[[EvaluationProgress], None] | None = None
) -> EvaluationResult | None:
    """Score a checkpoint; leaves `results.json` (lm-eval's format) and `predictions.parquet` in `job.output`.

    In a process group every process calls this and scores its share of the documents. Tasks, rows and
    tokens are kept for the next call in this process.

    Args:
        job: what to score on what.
        report: called after every batch, on rank 0.

    Returns:
        The scores on rank 0, None elsewhere.

    Raises:
        UserError: the checkpoint, a task or its data can't be used as they are.
        InconsistentScoreError: lm-eval's accuracies are not those of the answers.
    """
    loaded = load_tasks(job)
    results_file = ResultsFile(job)
    model = XstiltsModel(
        job.checkpoint.name,
        batch_size=job.batch_size,
        precision=job.precision,
        label_names=job.labels,
        revision=job.checkpoint.revision,
        trust_remote_code=job.checkpoint.trust_remote_code,
        report=report,
    )
    job.output.mkdir(parents=True, exist_ok=True)  # what cannot be made is found before the work
    started = time.perf_counter()
    with quiet_lm_eval():
        results = lm_eval.evaluate(model, loaded.for_lm_eval, limit=job.limit, log_samples=False)
    parts = model.gather_object(collect_logprobs(loaded.tasks))
    loaded.forget_requests()
    seconds = time.perf_counter() - started
    if results is None or parts is None:
        return None
    predictions = {task: _predictions(task, loaded, parts) for task in loaded.tasks}
    scores = tuple(_score(task, loaded, results, predictions[task]) for task in loaded.tasks)
    write_predictions(predictions, job.output / "predictions.parquet")
    hashes = {score.task: loaded.hash(score.task, score.items) for score in scores}
    results_file.write(results, model, hashes, job.output / "results.json")
    return EvaluationResult(
        scores=scores,
        seconds=seconds,
        items_per_second=sum(score.items for score in scores) / seconds,
        precision=job.precision,
        device=str(model.device),
        lm_eval_version=version("lm_eval"),
    )


def _predictions(task: str, loaded: LoadedTasks, parts: list[Any]) -> TaskPredictions:
    logprobs = merge_logprobs(parts, task)
    scored = loaded.rows[task].dataset.with_format("numpy")[: len(logprobs)]
    return TaskPredictions(
        item_ids=tuple(str(item) for item in scored["item_id"]), labels=scored["label"], logprobs=logprobs
    )


def _score(
    task: str, loaded: LoadedTasks, results: Mapping[str, Any], predictions: TaskPredictions
) -> TaskScore:
    scored, rows = results["results"][task], loaded.rows[task]
    items = results["n-samples"][task]["effective"]
    accuracy, stderr = scored["acc,none"], scored["acc_stderr,none"]
    if items != len(predictions.item_ids) or abs(accuracy - predictions.accuracy) > _EQUAL:
        raise InconsistentScoreError(
            f"{task}: lm-eval reports an accuracy of {accuracy} on {items} items, the recorded answers give "
            f"{predictions.accuracy} on {len(predictions.item_ids)}. Please report this with the version "
            "of lm-eval."
        )
    metadata = loaded.tasks[task].config.metadata
    return TaskScore(
        task=task,
        corpus=metadata["corpus"],
        language=metadata["language"],
        accuracy=accuracy,
        stderr=None if stderr == "N/A" else stderr,
        items=items,
        data_fingerprint=rows.fingerprint,
        data_source=rows.source,
        data_revision=rows.revision,
    )
