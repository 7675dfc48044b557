"""The statistics and the pages of a large leaderboard, measured in a process of their own."""

import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.material import result
from harness.metrics.item_scores import ItemScores, Predictions, TaskItems, Texts
from harness.report.publication import compile_publication
from harness.report.publish import rendered_files
from harness.results.board import Board, BoardRow
from tests.report.experiments import board, columns, scored_row
from tests.statistics.generators import all_orders

LANGUAGES = ("en", "fr", "es", "de", "el", "bg", "ru", "tr", "ar", "vi", "th", "zh", "hi", "sw", "ur")


def statistics_side(sequences: int, seeds: int, items: int) -> None:
    """Every number of a page with 15 languages, from predictions that are read already."""
    whole, answers = simulated(sequences, seeds, items, LANGUAGES)
    begin = time.process_time()
    compile_publication(whole, answers)
    result(
        processor_seconds=time.process_time() - begin,
        peak_gb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    )


def rendering_side(sequences: int, seeds: int, items: int, languages: int) -> None:
    """Page, HTML, CSV and LaTeX of a leaderboard whose numbers are computed already; no pictures."""
    codes = tuple(f"l{number:02}" for number in range(languages - 1))
    publication = compile_publication(*simulated(sequences, seeds, items, ("en", *codes)))
    begin = time.process_time()
    files = rendered_files(publication, {})
    seconds = time.process_time() - begin
    sizes = {Path(name).suffix: len(text.encode()) / 1e6 for name, text in files.items()}
    result(processor_seconds=seconds, html_mb=sizes[".html"], markdown_mb=sizes[".md"])


def simulated(sequences: int, seeds: int, items: int, languages: Sequence[str]) -> tuple[Board, Predictions]:
    """Return a board and its item scores; every run has the same chance on an item, whatever its order."""
    rng = np.random.default_rng(0)
    names = Texts.of([str(item) for item in range(items)])
    labels, ease = rng.integers(0, 3, items, np.uint8), rng.random(items)
    words, ones = np.array(["entailment", "neutral", "contradiction"], object), np.ones(items, np.uint8)
    references = Texts(labels, words)
    rows: list[BoardRow] = []
    answers: Predictions = {}
    for order in all_orders(tuple("abcdef"), range(7))[:sequences]:
        made = {}
        for seed in range(1, seeds + 1):
            made[seed] = {}
            for code in languages:
                right = (rng.random(items) < 0.3 + 0.6 * ease).astype(np.uint8)
                predictions = Texts((labels + 1 - right) % 3, words)
                scores = {"accuracy": ItemScores(right, ones)}
                task = f"xtreme_xnli_{code}"
                made[seed][code] = TaskItems(task, code, names, names, predictions, references, scores)
        scores = {seed: {code: own[code].score for code in languages} for seed, own in made.items()}
        rows.append(scored_row(order, scores, items=items))
        for seed, own in made.items():
            answers[rows[-1].sequence, seed] = {f"xtreme_xnli_{code}": own[code] for code in languages}
    whole = board(rows, {"xnli": columns("xnli", languages)}, range(1, seeds + 1))
    return whole, answers


SIDES: dict[str, Callable[..., None]] = {"statistics": statistics_side, "rendering": rendering_side}
