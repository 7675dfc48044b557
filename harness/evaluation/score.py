"""Scores a checkpoint on evaluation tasks by lm-eval, in this process or in all processes of a group."""

import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import lm_eval

from harness.compat.lm_eval import quiet_lm_eval
from harness.errors import RunError
from harness.evaluation.answers import judged
from harness.evaluation.job import PREDICTIONS, EvaluationJob, EvaluationProgress, EvaluationResult, TaskScore
from harness.evaluation.loaded_tasks import LoadedTasks, load_tasks
from harness.evaluation.logprobs import LOGPROBS, Answer, collect_answers, merge_answers, write_logprobs
from harness.evaluation.model import XstiltsModel
from harness.evaluation.results_file import ResultsFile
from harness.metrics.item_file import write_items
from harness.metrics.item_scores import TaskItems
from harness.metrics.registry import metric
from harness.training.determinism import with_all_operations

_EQUAL = 1e-9


class InconsistentScoreError(RunError):
    """lm-eval's score is not that of the recorded answers."""


def evaluate_checkpoint(
    job: EvaluationJob, report: Callable[[EvaluationProgress], None] | None = None
) -> EvaluationResult | None:
    """Score a checkpoint; leaves its files in `job.output`.

    They are `results.json` (lm-eval's format), `predictions.parquet` (`harness.metrics.item_file`) and
    `logprobs.parquet` (of tasks that choose among labels or candidates).

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
    return with_all_operations(lambda: _evaluate(job, report))


def _evaluate(
    job: EvaluationJob, report: Callable[[EvaluationProgress], None] | None
) -> EvaluationResult | None:
    loaded = load_tasks(job)
    results_file = ResultsFile(job)
    model = _model(job, report)
    job.output.mkdir(parents=True, exist_ok=True)  # what cannot be made is found before the work
    started = time.perf_counter()
    with quiet_lm_eval():
        results = lm_eval.evaluate(model, loaded.for_lm_eval, limit=job.limit, log_samples=False)
    parts = model.gather_object(collect_answers(loaded.tasks))
    loaded.forget_requests()
    seconds = time.perf_counter() - started
    if results is None or parts is None:
        return None
    answers = {task: merge_answers(parts, task) for task in loaded.tasks}
    items = {task: _items(task, loaded, answers[task]) for task in loaded.tasks}
    scores = tuple(_score(task, loaded, results, items[task]) for task in loaded.tasks)
    write_items(items.values(), job.output / PREDICTIONS)
    write_logprobs(answers, job.output / LOGPROBS)
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


def _model(job: EvaluationJob, report: Callable[[EvaluationProgress], None] | None) -> XstiltsModel:
    return XstiltsModel(
        job.checkpoint.name,
        batch_size=job.batch_size,
        precision=job.precision,
        label_names=job.labels,
        revision=job.checkpoint.revision,
        trust_remote_code=job.checkpoint.trust_remote_code,
        report=report,
    )


def _items(task: str, loaded: LoadedTasks, answers: Sequence[Answer]) -> TaskItems:
    """Return the items of a task with what was predicted for them and its scores."""
    scored = loaded.rows[task]
    documents = list(scored.rows.dataset.select(range(len(answers))))
    found = [judged(scored.corpus, *pair) for pair in zip(documents, answers, strict=True)]
    return TaskItems.scored(
        task,
        scored.language,
        items=[document["item_id"] for document in documents],
        predictions=[item.prediction for item in found],
        references=[item.reference for item in found],
        metrics=found[0].metrics,
        clusters=[document["cluster"] for document in documents],
    )


def _score(task: str, loaded: LoadedTasks, results: Mapping[str, Any], found: TaskItems) -> TaskScore:
    reported, scored = results["results"][task], loaded.rows[task]
    items = results["n-samples"][task]["effective"]
    for name, own in found.scores.items():
        theirs = reported[f"{metric(name).results_name},none"]
        if items != len(found) or abs(theirs - own.score) > _EQUAL:
            raise InconsistentScoreError(
                f"{task}: lm-eval reports a {name} of {theirs} on {items} items, the recorded answers give "
                f"{own.score} on {len(found)}. Please report this with the version of lm-eval."
            )
    return TaskScore(
        task=task,
        corpus=scored.corpus.name,
        language=scored.language,
        metric=found.metric,
        scores={name: own.score for name, own in found.scores.items()},
        stderr=found.scores[found.metric].standard_error,
        items=items,
        data_fingerprint=scored.rows.fingerprint,
        data_source=scored.rows.source,
        data_revision=scored.rows.revision,
    )
