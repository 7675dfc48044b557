"""Loaded sequence files for the tests of the plan."""

from pathlib import Path

from harness.config.load import LoadedSequence, load_sequences

TASKS = ("mnli", "qqp", "qnli", "sst2", "cola", "mrpc", "rte", "mini_sentiment", "mini_acceptability")


def loaded(
    folder: Path, *, intermediates: int, orders: str, targets: int = 1, seeds: int = 1
) -> LoadedSequence:
    """Write a sequence file over the shipped GLUE tasks and load it."""
    evaluated = ("xtreme_xnli", "xtreme_pawsx")[:targets]
    path = folder / "sequence.yaml"
    path.write_text(
        f"""
name: sequence
model: xlm-roberta-base
intermediates: [{", ".join(TASKS[:intermediates])}]
orders: {orders}
targets: [{", ".join(("xnli", "pawsx")[:targets])}]
seeds: [{", ".join(str(seed) for seed in range(1, seeds + 1))}]
evaluation: {{tasks: [{", ".join(evaluated)}]}}
"""
    )
    (sequence,) = load_sequences([path])
    return sequence
