"""The tasks of a corpus as lm-eval reads them: what a file in `tasks/evaluation` would say."""

from collections.abc import Iterator
from typing import Any

from lm_eval.tasks._index import Entry, Kind

from harness.config.corpus import Corpus
from harness.config.evaluation_task import leaf_names
from harness.evaluation.datasets import ROWS, load


def lm_eval_entries(corpus: Corpus) -> Iterator[Entry]:
    """Yield one task for each language, then their group."""
    version = corpus.definition.version
    names = leaf_names(corpus)
    for name, language in names.items():
        metadata = {"version": version, "corpus": corpus.name, "language": language}
        yield Entry(name, Kind.TASK, None, {"task": name, "metadata": metadata, **_task(corpus)})
    group = {
        "group": corpus.task_prefix,
        "task": list(names),
        "aggregate_metric_list": [{"metric": "acc", "aggregation": "mean", "weight_by_size": False}],
        "metadata": {"version": version, "average": "languages"},
    }
    yield Entry(corpus.task_prefix, Kind.GROUP, None, group)


def _task(corpus: Corpus) -> dict[str, Any]:
    return {
        "custom_dataset": load,
        "test_split": ROWS,
        "output_type": "multiple_choice",
        "doc_to_text": "text",
        "doc_to_target": "label",
        "doc_to_choice": list(corpus.labels),
        "num_fewshot": 0,
        "fewshot_config": {"samples": []},
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
    }
