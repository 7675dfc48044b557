"""What a model without understanding can reach: multinomial logistic regression on parts of the input."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from harness.embedded.corpus import Row, evaluation_rows, label_names, training_rows

DENIALS = {"not", "no", "nothing"}


def words(text: str | None) -> list[str]:
    return re.findall(r"[a-z]+", (text or "").lower())


def accuracy(name: str, features: Callable[[Row], dict[str, float]]) -> float:
    """English test accuracy of a regression on all training rows (AdaGrad, 300 full-batch steps)."""
    train, test = training_rows(name), evaluation_rows(name, "en")
    labels = label_names(name)
    columns = {key: i for i, key in enumerate(sorted({key for row in train for key in features(row)}))}

    def matrix(rows: list[Row]) -> np.ndarray:
        filled = np.zeros((len(rows), len(columns) + 1))
        filled[:, -1] = 1.0
        for i, row in enumerate(rows):
            for key, value in features(row).items():
                if key in columns:
                    filled[i, columns[key]] = value
        return filled

    inputs, targets = matrix(train), np.eye(len(labels))[[labels.index(row.label) for row in train]]
    weights = np.zeros((inputs.shape[1], len(labels)))
    squares = np.zeros_like(weights)
    for _ in range(300):
        scores = inputs @ weights
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        gradient = inputs.T @ (odds / odds.sum(axis=1, keepdims=True) - targets) / len(train) + 1e-3 * weights
        squares += gradient**2
        weights -= 0.5 * gradient / (np.sqrt(squares) + 1e-8)
    predicted = (matrix(test) @ weights).argmax(axis=1)
    return float(np.mean([labels[i] == row.label for i, row in zip(predicted, test, strict=True)]))


def second_text(row: Row) -> dict[str, float]:
    return dict.fromkeys(words(row.text_b), 1.0)


def first_text(row: Row) -> dict[str, float]:
    return dict.fromkeys(words(row.text_a), 1.0)


def both_texts(row: Row) -> dict[str, float]:
    return {f"a {word}": 1.0 for word in words(row.text_a)} | {f"b {word}": 1.0 for word in words(row.text_b)}


def overlap(row: Row) -> dict[str, float]:
    first, second = set(words(row.text_a)), set(words(row.text_b))
    return {
        "shared": len(first & second),
        "only first": len(first - second),
        "only second": len(second - first),
        "jaccard": len(first & second) / len(first | second),
        "length first": len(words(row.text_a)),
        "length second": len(words(row.text_b)),
    }


def overlap_and_denial(row: Row) -> dict[str, float]:
    first, second = (bool(DENIALS & set(words(text))) for text in (row.text_a, row.text_b))
    return overlap(row) | {"first denies": first, "second denies": second, "one denies": first != second}


@pytest.mark.parametrize(
    ("features", "bound"),
    [
        (second_text, 0.50),
        (first_text, 0.55),
        (both_texts, 0.60),
        (overlap, 0.60),
        (overlap_and_denial, 0.75),
    ],
)
def test_inference_cannot_be_solved_by_a_shortcut(
    features: Callable[[Row], dict[str, float]], bound: float
) -> None:
    assert accuracy("mini_nli", features) < bound


@pytest.mark.parametrize(
    ("features", "bound"),
    [(second_text, 0.60), (both_texts, 0.60), (overlap, 0.70), (overlap_and_denial, 0.75)],
)
def test_paraphrase_cannot_be_solved_by_a_shortcut(
    features: Callable[[Row], dict[str, float]], bound: float
) -> None:
    assert accuracy("mini_paraphrase", features) < bound


def test_the_baseline_learns_where_single_words_do_tell() -> None:
    assert accuracy("mini_sentiment", first_text) > 0.8
