"""The tasks of a corpus as lm-eval reads them: what a file in `tasks/evaluation` would say."""

from collections.abc import Iterator
from typing import Any

from lm_eval.tasks._index import Entry, Kind

from harness.config.corpus import Corpus
from harness.config.evaluation_task import leaf_names
from harness.evaluation import aggregations
from harness.evaluation.answers import process_results
from harness.evaluation.datasets import ROWS, load
from harness.kinds.registry import kind_of


def lm_eval_entries(corpus: Corpus) -> Iterator[Entry]:
    """Yield one task for each language, then their group."""
    version = corpus.definition.version
    names = leaf_names(corpus)
    for name, language in names.items():
        metadata = {"version": version, "corpus": corpus.name, "language": language}
        yield Entry(name, Kind.TASK, None, {"task": name, "metadata": metadata, **_task(corpus)})
    metrics = [metric.results_name for metric in kind_of(corpus.task).metrics(corpus.task)]
    group = {
        "group": corpus.task_prefix,
        "task": list(names),
        "aggregate_metric_list": [
            {"metric": metric, "aggregation": "mean", "weight_by_size": False} for metric in metrics
        ],
        "metadata": {"version": version, "average": "languages"},
    }
    yield Entry(corpus.task_prefix, Kind.GROUP, None, group)


def _task(corpus: Corpus) -> dict[str, Any]:
    kind = kind_of(corpus.task)
    metrics = kind.metrics(corpus.task)
    shared = {
        "custom_dataset": load,
        "test_split": ROWS,
        "doc_to_text": "text",
        "num_fewshot": 0,
        "fewshot_config": {"samples": []},
    }
    if kind.request == "loglikelihood":
        shared |= {
            "output_type": "multiple_choice",
            "doc_to_target": "label",
            "doc_to_choice": kind.choices or list(corpus.labels),
        }
    else:
        shared |= {
            "output_type": "generate_until",
            "doc_to_target": "reference",
            "generation_kwargs": {"until": [], "do_sample": False},
        }
    if kind.request == "loglikelihood" and [own.name for own in metrics] == ["accuracy"]:
        own = [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}]
        return shared | {"metric_list": own}
    form = kind.text_form(corpus.task) if kind.request == "generate_until" else None
    named = {metric.results_name: metric for metric in (*(form.metrics() if form else ()), *metrics)}
    order = [*(metric.results_name for metric in metrics), *named]
    return shared | {
        "process_results": process_results,
        "metric_list": [
            {
                "metric": metric.results_name,
                "aggregation": getattr(aggregations, metric.name),
                "higher_is_better": metric.higher_is_better,
            }
            for metric in (named[name] for name in dict.fromkeys(order))
        ],
    }
