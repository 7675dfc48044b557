"""Scores a checkpoint on evaluation tasks by lm-eval, in this process or in all processes of a group."""

import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import lm_eval
import numpy as np
from numpy.typing import NDArray

from harness.errors import RunError
from harness.evaluation.job import PREDICTIONS, EvaluationJob, EvaluationProgress, EvaluationResult, TaskScore
from harness.evaluation.loaded_tasks import LoadedTasks, load_tasks, quiet_lm_eval
from harness.evaluation.logprobs import LOGPROBS, collect_logprobs, merge_logprobs, write_logprobs
from harness.evaluation.model import XstiltsModel
from harness.evaluation.results_file import ResultsFile
from harness.metrics.item_file import write_items
from harness.metrics.item_scores import TaskItems
from harness.metrics.registry import metric

_EQUAL = 1e-9


class InconsistentScoreError(RunError):
    """lm-eval's score is not that of the recorded answers."""


def evaluate_checkpoint(
    job: EvaluationJob, report: Callable[[EvaluationProgress], None] | None = None
) -> EvaluationResult | None:
    """Score a checkpoint; leaves its files in `job.output`.

    They are `results.json` (lm-eval's format), `predictions.parquet` (`harness.metrics.item_file`) and
    `logprobs.parquet`.

    In a process group every process calls this and scores its share of the documents. Tasks, rows and
    tokens are kept for the next call in this process.

    Args:
        job: what to score on what.
        report: called after every batch, on rank 0.

    Returns:
        The scores on rank 0, None elsewhere.

    Raises:
        UserError: the checkpoint, a task or its data can't be used as they are.
        InconsistentScoreError: lm-eval's scores are not those of the answers.
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
    logprobs = {task: merge_logprobs(parts, task) for task in loaded.tasks}
    predictions = {task: _predictions(task, loaded, logprobs[task]) for task in loaded.tasks}
    scores = tuple(_score(task, loaded, results, predictions[task]) for task in loaded.tasks)
    write_items(predictions.values(), job.output / PREDICTIONS)
    write_logprobs(logprobs, job.output / LOGPROBS)
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


def _predictions(task: str, loaded: LoadedTasks, logprobs: NDArray[np.float64]) -> TaskItems:
    """Name each item's likeliest label, the first of equals, and score it."""
    rows = loaded.rows[task].rows
    scored, labels = rows.dataset[: len(logprobs)], rows.label_names
    return TaskItems.scored(
        task,
        loaded.rows[task].language,
        items=scored["item_id"],
        predictions=[labels[label] for label in logprobs.argmax(axis=1)],
        references=[labels[label] for label in scored["label"]],
        metrics=[metric("accuracy")],
        clusters=scored["cluster"],
    )


def _score(task: str, loaded: LoadedTasks, results: Mapping[str, Any], predictions: TaskItems) -> TaskScore:
    scored, rows = results["results"][task], loaded.rows[task].rows
    items = results["n-samples"][task]["effective"]
    accuracy, stderr = scored["acc,none"], scored["acc_stderr,none"]
    if items != len(predictions) or abs(accuracy - predictions.score) > _EQUAL:
        raise InconsistentScoreError(
            f"{task}: lm-eval reports an accuracy of {accuracy} on {items} items, the recorded answers give "
            f"{predictions.score} on {len(predictions)}. Please report this with the version "
            "of lm-eval."
        )
    metadata = loaded.tasks[task].config.metadata
    return TaskScore(
        task=task,
        corpus=metadata["corpus"],
        language=metadata["language"],
        metric=predictions.metric,
        scores={name: own.score for name, own in predictions.scores.items()},
        stderr=None if stderr == "N/A" else stderr,
        items=items,
        data_fingerprint=rows.fingerprint,
        data_source=rows.source,
        data_revision=rows.revision,
    )
