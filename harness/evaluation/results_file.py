"""`results.json`: an evaluation in the format of lm-eval's own results files."""

import functools
import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lm_eval.loggers.evaluation_tracker import GeneralConfigTracker
from lm_eval.loggers.utils import add_env_info
from lm_eval.utils import handle_non_serializable, hash_string

from harness.evaluation.job import EvaluationJob
from harness.evaluation.model import XstiltsModel


class ResultsFile:
    """Gathers what `lm_eval.simple_evaluate` and its `EvaluationTracker` would write."""

    def __init__(self, job: EvaluationJob) -> None:
        self._job = job
        self._arguments = {"pretrained": job.checkpoint.name, "precision": str(job.precision)}
        self._date = time.time()
        self._tracker = GeneralConfigTracker()
        self._tracker.log_experiment_args(
            model_source="xstilts",
            model_args=self._arguments,
            system_instruction=None,
            chat_template=None,
            fewshot_as_multiturn=False,
        )

    def write(
        self, results: Mapping[str, Any], model: XstiltsModel, task_hashes: Mapping[str, str], path: Path
    ) -> None:
        """Write the results of `lm_eval.evaluate` with what describes the run."""
        self._tracker.log_end_time()
        config = {"model": "xstilts", "model_args": self._arguments, **model.get_model_info()}
        config |= {
            "batch_size": self._job.batch_size,
            "batch_sizes": [],
            "device": str(model.device),
            "use_cache": None,
            "limit": self._job.limit,
            "gen_kwargs": None,
        }
        content = {
            **results,
            "config": config,
            "git_hash": _git_hash(),
            "date": self._date,
            **_environment(),
            "task_hashes": task_hashes,
            **asdict(self._tracker),
        }
        text = json.dumps(content, indent=2, default=handle_non_serializable, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


def task_hash(task: Any, rows: int) -> str:
    """Return lm-eval's hash of a task's first documents, as its `--log_samples` records it."""
    hashes = []
    for document in task.eval_docs.select(range(rows)):
        content = json.dumps(document, indent=2, default=handle_non_serializable, ensure_ascii=False)
        prompt, target = task.doc_to_text(document), task.doc_to_target(document)
        hashes.append(hash_string(content) + hash_string(prompt) + hash_string(str(target)))
    return str(hash_string("".join(hashes)))


def _git_hash() -> str | None:
    """Return what lm-eval's own function does, without git's complaint outside a repository."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return described.stdout.strip() or None


@functools.cache
def _environment() -> dict[str, Any]:
    environment: dict[str, Any] = {}
    add_env_info(environment)
    return environment
