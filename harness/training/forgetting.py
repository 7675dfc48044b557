"""Evaluate a stage's encoder under the heads of earlier stages: what later training left of their tasks."""

import time
from pathlib import Path
from typing import Any

import torch

from harness.config.model_family import TEXT_TO_TEXT_TYPES, is_text_to_text
from harness.data.rows import TrainingRows, load_held_out_rows
from harness.errors import RunError
from harness.kinds.registry import TrainingTask
from harness.kinds.text_to_text import model_for
from harness.models.adapters import weights_of
from harness.models.generic import auto_class
from harness.models.references import ModelRef
from harness.models.tokenizer import fast_tokenizer
from harness.models.xmod import set_language
from harness.training.determinism import with_all_operations
from harness.training.distributed import World, from_every_rank, start_process_group
from harness.training.forgetting_job import EvaluatedHead, ForgettingJob, ForgettingResult, ForgettingScore
from harness.training.held_out import score_held_out
from harness.training.job import HeldOutScore
from harness.training.network import fix_umt5_logit_scaling


class HeldOutGoneError(RunError):
    """Held-out rows that were there when the run was planned are not there now."""


class HeadlessError(RunError):
    """A stage's head and another stage's encoder do not make a whole model."""


def evaluate_forgetting(job: ForgettingJob) -> ForgettingResult:
    """Return the held-out metric of each head's task, in fp32; to be called on every rank.

    Raises:
        HeldOutGoneError: A task's held-out rows are not available.
        HeadlessError: Head and encoder do not fit together.
    """
    started = time.perf_counter()
    world = start_process_group()
    scores = with_all_operations(lambda: _scores(job, world))
    return ForgettingResult(scores=scores, seconds=time.perf_counter() - started)


def _scores(job: ForgettingJob, world: World) -> tuple[ForgettingScore, ...]:
    scores = []
    for head, folder in zip(job.heads, job.folders, strict=True):
        rows = load_held_out_rows(head.task, data_dir=job.data_dir, trained=head.task.labels)
        if not all(from_every_rank(rows is not None)) or rows is None:
            raise HeldOutGoneError(
                f"task {head.task.name}: its held-out rows are not available; name their folder by "
                "--data-dir, or set `forgetting: false`"
            )
        model = joined_model(job.encoder, head.task, folder).to(world.device)
        found = _score(head, rows, model, fast_tokenizer(job.encoder), world)
        metric = next(iter(found.metrics))
        scores.append(
            ForgettingScore(
                place=head.place,
                task=head.task.name,
                metric=metric,
                value=found.metrics[metric],
                rows=found.rows,
                source=found.source,
                fingerprint=found.fingerprint,
            )
        )
    return tuple(scores)


def _score(head: EvaluatedHead, rows: TrainingRows, model: Any, tokenizer: Any, world: World) -> HeldOutScore:
    task, length, rows_at_once = head.task, head.max_length, head.batch_size
    half = model_for(task, text_to_text=model.config.model_type in TEXT_TO_TEXT_TYPES)

    def forward(inputs: dict[str, Any]) -> Any:
        return model(**inputs)

    return score_held_out(half, task, rows, model, forward, tokenizer, length, rows_at_once, world)


def joined_model(encoder: ModelRef, task: TrainingTask, folder: Path) -> Any:
    """Return the encoder of one stage with the head of another, in fp32; text-to-text models have no heads.

    Args:
        encoder: The one stage's `encoder/`.
        task: What the head does.
        folder: The other stage's encoder with the head.

    Raises:
        HeadlessError: A tensor of the model is in neither.
    """
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    head = model_for(task, text_to_text=is_text_to_text(encoder.folder)).head
    code = encoder.trust_remote_code
    config = transformers.AutoConfig.from_pretrained(str(folder), trust_remote_code=code)
    config.dtype = torch.float32
    with torch.device("meta"):
        skeleton = auto_class(head.auto_class).from_config(config, trust_remote_code=code)
    own = weights_of(folder)
    # What the encoder's folder holds is the encoder; the rest of the whole model is the head.
    weights = own | {name: tensor for name, tensor in weights_of(encoder.folder).items() if name in own}
    model, report = type(skeleton).from_pretrained(
        None, config=config, state_dict=weights, output_loading_info=True, dtype=torch.float32
    )
    if missing := sorted(report["missing_keys"]):
        raise HeadlessError(
            f"{folder}: with the encoder of {encoder.name} the model lacks {len(missing)} tensors (first: "
            f"{missing[0]})"
        )
    fix_umt5_logit_scaling(model)
    set_language(model.base_model.config, task.language)
    return model
