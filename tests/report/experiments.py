"""Experiments simulated from known effects, with the files that a real evaluation leaves."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.metrics.item_file import write_items
from harness.metrics.item_scores import TaskItems
from harness.metrics.registry import metric
from harness.results.board import Board, BoardRow, EvaluatedLanguage, Provenance, SeedResult
from harness.results.data_use import DataUse
from harness.results.target_metric import TargetMetric
from harness.statistics.item_table import ItemTable

ACCURACY = TargetMetric.of(metric("accuracy"))
LABELS = ("entailment", "neutral", "contradiction")
ORDERS = ((), ("rte",), ("pawsx",), ("rte", "pawsx"), ("pawsx", "rte"))
LANGUAGES = ("en", "de", "es", "sw", "th", "zh")


@dataclass(frozen=True)
class Experiment:
    board: Board
    predictions: dict[str, Path]


def provenance(**changes) -> Provenance:
    values = {
        "command": "xstilts run sequences/rte-paraphrase-xnli.yaml --processes 2",
        "sequence_file": "sequences/rte-paraphrase-xnli.yaml",
        "sequence_sha256": "5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592",
        "commit": "681e6aa0c0ffee00c0ffee00c0ffee00c0ffee00",
        "dirty": False,
        "created": "2026-01-14T09:30:00Z",
        "packages": {"torch": "2.13.0", "lm-eval": "0.4.13"},
        "hardware": "2 × x86_64 CPU",
        "deepspeed": "zero2",
        "model": "embedded:e5-small",
        "model_fingerprint": "0f" * 32,
    }
    return Provenance(**{**values, **changes})


def columns(target: str, languages=LANGUAGES) -> tuple[EvaluatedLanguage, ...]:
    return tuple(
        EvaluatedLanguage(task=f"xtreme_{target}_{code}", language=code, corpus=target) for code in languages
    )


def board(rows, languages, seeds, **changes) -> Board:
    values = {
        "metrics": dict.fromkeys(languages, (ACCURACY,)),
        "name": "rte-paraphrase-xnli",
        "title": "RTE and PAWS-X before XNLI",
        "question": "Does it matter whether entailment or paraphrase comes first?",
        "rows": tuple(rows),
        "languages": languages,
        "seeds": tuple(seeds),
        "data": (
            DataUse(
                name="rte", role="training", source="glue/rte/train.tsv", fingerprint="ab" * 32, rows=2490
            ),
            DataUse(name="xnli de", role="evaluation", source="facebook/xnli", revision="cd" * 20, rows=5010),
        ),
        "provenance": provenance(),
    }
    return Board(**{**values, **changes})


def scored_row(order, scores_by_seed, target="xnli", items=1000) -> BoardRow:
    """Build a row from seed -> {language: accuracy}; None is a failed seed."""
    seeds = tuple(
        SeedResult(seed=seed, status="failed", error="Traceback\n  File x\nRunError: loss is not finite")
        if scores is None
        else SeedResult(
            seed=seed,
            status="ok",
            stage_digest=f"{seed:02d}" * 32,
            evaluation_digest=hashlib.sha256(f"{order}{seed}{target}".encode()).hexdigest(),
            scores={f"xtreme_{target}_{code}": value for code, value in scores.items()},
            items={f"xtreme_{target}_{code}": items for code in scores},
            train_seconds=61.5,
        )
        for seed, scores in scores_by_seed.items()
    )
    return BoardRow(order=tuple(order), target=target, seeds=seeds)


def answers(rng, rows, seeds, languages, items, effects=0.0, seed_sd=0.1):
    """Draw right (1) and wrong (0) answers, (rows, seeds, languages, items), from a threshold model.

    An item is hard or easy in all languages alike (sd 1), for a language on top (sd 0.5), for an order
    (0.3), for one training run (0.7); `effects` shifts whole rows, `seed_sd` whole runs.
    """
    latent = (
        0.5
        + np.reshape(effects, (-1, 1, 1, 1))
        + rng.normal(0, 1.0, (1, 1, 1, items))
        + rng.normal(0, 0.5, (1, 1, languages, items))
        + rng.normal(0, 0.3, (rows, 1, 1, items))
        + rng.normal(0, 0.7, (rows, seeds, 1, items))
        + rng.normal(0, seed_sd, (rows, seeds, 1, 1))
        + rng.logistic(0, 0.3, (rows, seeds, languages, items))
    )
    return (latent > 0).astype(np.int8)


def experiment(
    folder: Path,
    *,
    orders=ORDERS,
    seeds=(1, 2, 3),
    languages=LANGUAGES,
    items=400,
    effects=0.0,
    seed=0,
    **changes,
) -> Experiment:
    """Simulate a whole sequence file: predictions on disk and the board with their accuracies."""
    rng = np.random.default_rng(seed)
    right = answers(rng, len(orders), len(seeds), len(languages), items, effects)
    labels = rng.integers(0, 3, items)
    rows, files = [], {}
    for r, order in enumerate(orders):
        scores = {
            s: {code: float(right[r, i, k].mean()) for k, code in enumerate(languages)}
            for i, s in enumerate(seeds)
        }
        row = scored_row(order, scores, items=items)
        for i, result in enumerate(row.seeds):
            path = folder / f"{result.evaluation_digest}.parquet"
            _write_evaluation(path, languages, labels, right[r, i])
            files[result.evaluation_digest] = path
        rows.append(row)
    return Experiment(board(rows, {"xnli": columns("xnli", languages)}, seeds, **changes), files)


def table_of(right, orders, present=None) -> ItemTable:
    """Return right (1) and wrong (0) answers, (rows, seeds, languages, items), as a table."""
    present = np.ones(right.shape[2:], bool) if present is None else present
    names = tuple(">".join((*order, "xnli")) for order in orders)
    return ItemTable(names, tuple(orders), right, present[None, None].astype(np.uint8), present)


def _write_evaluation(path, languages, labels, right):
    predictions = np.where(right == 1, labels, (labels + 1) % 3)
    tasks = [
        TaskItems.scored(
            f"xtreme_xnli_{code}",
            code,
            [str(item) for item in range(len(labels))],
            [LABELS[label] for label in own],
            [LABELS[label] for label in labels],
            [metric("accuracy")],
        )
        for code, own in zip(languages, predictions, strict=True)
    ]
    write_items(tasks, path)
