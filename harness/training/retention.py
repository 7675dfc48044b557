"""Measure a stage's encoder under the heads of earlier stages: what later training left of their tasks."""

import time
from pathlib import Path
from typing import Any

import torch

from harness.data.rows import load_held_out_rows
from harness.errors import RunError
from harness.training.distributed import from_every_rank, start_process_group
from harness.training.heads import head_for
from harness.training.model import model_weights
from harness.training.retention_job import KeptHead, RetainedScore, RetentionJob, RetentionResult
from harness.training.scoring.held_out import Forward, score_held_out
from harness.training.tokenised import fast_tokenizer


class HeldOutGoneError(RunError):
    """Held-out rows that were there when the run was planned are not there now."""


class HeadlessError(RunError):
    """A stage's head and another stage's encoder do not make a whole model."""


def measure_retention(job: RetentionJob) -> RetentionResult:
    """Return the held-out metric of each head's task, in fp32; to be called on every rank.

    Raises:
        HeldOutGoneError: A task's held-out rows are not at hand.
        HeadlessError: Head and encoder do not fit together.
    """
    started = time.perf_counter()
    world = start_process_group()
    scores = []
    for kept in job.heads:
        rows = load_held_out_rows(kept.task, data_dir=job.data_dir, trained=kept.task.labels)
        if not all(from_every_rank(rows is not None)) or rows is None:
            raise HeldOutGoneError(
                f"task {kept.task.name}: its held-out rows are not at hand; name their folder by --data-dir, "
                "or set `forgetting: false`"
            )
        model = joined_model(job.encoder, kept, job.trust_remote_code).to(world.device)
        found = score_held_out(
            kept.task,
            rows,
            model,
            _forward(model),
            fast_tokenizer(job.encoder, job.trust_remote_code),
            kept.max_length,
            kept.batch_size,
            world,
        )
        metric = "f1" if "f1" in found.metrics else "accuracy"
        scores.append(
            RetainedScore(
                place=kept.place,
                task=kept.task.name,
                metric=metric,
                value=found.metrics[metric],
                rows=found.rows,
                source=found.source,
                fingerprint=found.fingerprint,
            )
        )
    return RetentionResult(scores=tuple(scores), seconds=time.perf_counter() - started)


def _forward(model: Any) -> Forward:
    return lambda inputs: model(**inputs)


def joined_model(encoder: Path, kept: KeptHead, trust_remote_code: bool) -> Any:
    """Return the encoder of one stage with the head of another, in fp32.

    Raises:
        HeadlessError: A tensor of the model is in neither.
    """
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    head = head_for(kept.task)
    folder = kept.stage / head.folder
    config = transformers.AutoConfig.from_pretrained(str(folder), trust_remote_code=trust_remote_code)
    config.dtype = torch.float32
    with torch.device("meta"):
        skeleton = getattr(transformers, head.auto_class).from_config(
            config, trust_remote_code=trust_remote_code
        )
    own = model_weights(folder)
    # What the encoder's folder holds is the encoder; the rest of the whole model is the head.
    weights = own | {name: tensor for name, tensor in model_weights(encoder).items() if name in own}
    model, report = type(skeleton).from_pretrained(
        None, config=config, state_dict=weights, output_loading_info=True, dtype=torch.float32
    )
    if missing := sorted(report["missing_keys"]):
        raise HeadlessError(
            f"{folder}: with the encoder of {encoder} the model lacks {len(missing)} tensors (first: "
            f"{missing[0]})"
        )
    return model
