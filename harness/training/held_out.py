"""The usual metrics of a stage's task on rows that it was not trained on."""

from typing import Any

from harness.data.rows import TrainingRows
from harness.kinds.model import Forward, KindModel
from harness.kinds.task import Task
from harness.models.prediction import Ranks, predictions
from harness.training.distributed import World, from_every_rank
from harness.training.job import HeldOutScore


def score_held_out(
    model: KindModel[Any],
    task: Task,
    rows: TrainingRows,
    engine: Any,
    forward: Forward,
    tokenizer: Any,
    max_length: int,
    batch_size: int,
    world: World,
) -> HeldOutScore:
    """Return the metrics of a trained engine on held-out rows; to be called on every rank.

    Args:
        model: What trained the task.
        task: The task with its labels.
        rows: Its held-out rows.
        engine: The engine, after training.
        forward: A forward pass of the engine for this task.
        tokenizer: The model's tokenizer.
        max_length: As in training.
        batch_size: Rows over all processes at once.
        world: This process's place.
    """
    engine.eval()
    found = predictions(
        model,
        task,
        rows.dataset,
        forward=forward,
        tokenizer=tokenizer,
        max_length=max_length,
        batch_size=batch_size,
        device=world.device,
        ranks=Ranks(world.rank, world.size, from_every_rank),
    )
    engine.train()
    due = model.references(task, rows.dataset)
    return HeldOutScore(
        metrics={own.name: own.for_language(task.language).score(found, due) for own in model.metrics(task)},
        rows=len(rows.dataset),
        source=rows.source,
        fingerprint=rows.fingerprint,
    )
