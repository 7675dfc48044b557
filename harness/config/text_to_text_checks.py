"""What must hold in a sequence file whose model is a text-to-text model."""

from collections.abc import Iterator, Mapping
from typing import Any

from harness.config.catalogue import Catalogue
from harness.config.hyperparameters import Precision
from harness.config.model_family import located, seems_text_to_text
from harness.config.outline import Outline
from harness.config.problem import Problem
from harness.kinds.registry import kind_of, unsuited, unsuited_remedy


def text_to_text_problems(outline: Outline, catalogue: Catalogue) -> Iterator[Problem]:
    """Yield the tasks that the model cannot read, and the number formats that it cannot compute in."""
    data = outline.source.data
    model = data.get("model") if isinstance(data, dict) else None
    if not isinstance(model, str) or not seems_text_to_text(located(model, outline.source.path.parent)):
        return
    for key, name in outline.tasks.items():
        task = catalogue.training_tasks.get(name)
        if task is not None and kind_of(task).text_form(task) is None:
            yield outline.source.problem(key, unsuited(task), unsuited_remedy())
    for key, precision in _precisions(data):
        if precision == Precision.FP16:
            message = "the activations of T5's family exceed fp16, so that losses become infinite"
            yield outline.source.problem(key, message, "set bf16, or fp32 where the device lacks it")


def _precisions(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for section in ("training", "evaluation"):
        yield (section, "precision"), _at(data, section, "precision")
    overrides = _at(data, "training", "per_task")
    for task in overrides if isinstance(overrides, dict) else ():
        key = ("training", "per_task", task, "precision")
        yield key, _at(data, *key)


def _at(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data
