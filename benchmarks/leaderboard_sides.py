"""The statistics of a large leaderboard, measured in a process of their own."""

import resource
import time
from collections.abc import Callable

import numpy as np

from benchmarks.material import result
from harness.leaderboard.board import BoardRow
from harness.leaderboard.predictions import Predictions, TaskPredictions
from harness.leaderboard.publication import compile_publication
from tests.leaderboard.experiments import board, columns, scored_row
from tests.leaderboard.order.simulated import all_orders

LANGUAGES = ("en", "fr", "es", "de", "el", "bg", "ru", "tr", "ar", "vi", "th", "zh", "hi", "sw", "ur")


def statistics_side(sequences: int, seeds: int, items: int) -> None:
    """Every number of a page with 15 languages, from predictions that are read already."""
    rng = np.random.default_rng(0)
    names = np.array([str(item) for item in range(items)], object)
    labels, ease = rng.integers(0, 3, items, np.int8), rng.random(items)
    rows: list[BoardRow] = []
    answers: Predictions = {}
    for order in all_orders(tuple("abcdef"))[:sequences]:
        made = {}
        for seed in range(1, seeds + 1):
            made[seed] = {}
            for code in LANGUAGES:
                right = (rng.random(items) < 0.3 + 0.6 * ease).astype(np.int8)
                made[seed][code] = TaskPredictions(names, labels, (labels + 1 - right) % 3)
        scores = {seed: {code: own[code].accuracy for code in LANGUAGES} for seed, own in made.items()}
        rows.append(scored_row(order, scores, items=items))
        for seed, own in made.items():
            answers[rows[-1].sequence, seed] = {f"xtreme_xnli_{code}": own[code] for code in LANGUAGES}
    whole = board(rows, {"xnli": columns("xnli", LANGUAGES)}, range(1, seeds + 1))
    begin = time.process_time()
    compile_publication(whole, answers)
    result(
        processor_seconds=time.process_time() - begin,
        peak_gb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    )


SIDES: dict[str, Callable[..., None]] = {"statistics": statistics_side}
