"""Neighbors and mined pairs against the same rules written out pair by pair."""

import numpy as np
import pytest

from harness.kinds.retrieval import neighbors
from harness.kinds.retrieval.neighbors import best_threshold, mined, nearest, normalized


def _vectors(count: int, seed: int) -> np.ndarray:
    return normalized(np.random.default_rng(seed).standard_normal((count, 6)) + 0.5)


@pytest.mark.parametrize("count", [1, 4, 30])
def test_neighbors_are_those_of_all_cosines_nearest_first(count, monkeypatch):
    queries, candidates = _vectors(37, 1), _vectors(30, 2)
    monkeypatch.setattr(neighbors, "_BLOCK", 10)
    cosines = queries @ candidates.T
    values, numbers = nearest(queries, candidates, count)
    assert numbers.tolist() == np.argsort(-cosines, axis=1)[:, :count].tolist()
    assert values == pytest.approx(-np.sort(-cosines, axis=1)[:, :count])


def test_faiss_finds_the_same_neighbors(monkeypatch):
    pytest.importorskip("faiss", reason="the extra `retrieval` is not installed")
    queries, candidates = _vectors(40, 1), _vectors(30, 2)
    expected = nearest(queries, candidates, 4)
    monkeypatch.setattr(neighbors, "_LARGE", 0)
    values, numbers = nearest(queries, candidates, 4)
    assert numbers.tolist() == expected[1].tolist()
    assert values == pytest.approx(expected[0], abs=1e-6)


def test_of_candidates_that_are_as_near_the_first_is_found():
    same = normalized(np.ones((3, 2)))
    assert nearest(same, same, 1)[1].tolist() == [[0], [0], [0]]


def test_pairs_are_taken_from_the_best_margin_down_each_sentence_once():
    own, other = _vectors(12, 3), _vectors(9, 4)
    names = [f"de-{row}" for row in range(12)], [f"en-{row}" for row in range(9)]
    cosines = own @ other.T
    near = np.sort(cosines, axis=1)[:, -4:].mean(axis=1), np.sort(cosines, axis=0)[-4:].mean(axis=0)
    proposed = []
    for i in range(12):
        among = np.argsort(-cosines[i])[:4]
        margins = {j: cosines[i, j] / ((near[0][i] + near[1][j]) / 2) for j in among}
        j = max(margins, key=margins.get)
        proposed.append((margins[j], i, j))
    for j in range(9):
        among = np.argsort(-cosines[:, j])[:4]
        margins = {i: cosines[i, j] / ((near[0][i] + near[1][j]) / 2) for i in among}
        i = max(margins, key=margins.get)
        proposed.append((margins[i], i, j))
    expected, left = {}, (set(range(12)), set(range(9)))
    for margin, i, j in sorted(proposed, key=lambda entry: -entry[0]):
        if i in left[0] and j in left[1]:
            left[0].remove(i)
            left[1].remove(j)
            expected[names[0][i], names[1][j]] = margin
    found = mined((own, other), names, 4)
    assert list(found) == list(expected)
    assert list(found.values()) == pytest.approx(list(expected.values()), rel=1e-5)


def test_the_threshold_gives_the_best_f1_on_the_pairs_that_decide_it():
    random = np.random.default_rng(5)
    pairs = {(f"a{row}", f"b{row}"): float(score) for row, score in enumerate(random.random(40))}
    gold = {pair for pair, score in pairs.items() if score + random.normal() / 3 > 0.6} | {("a", "b")}

    def f1(threshold: float) -> float:
        taken = {pair for pair, score in pairs.items() if score >= threshold}
        return 2 * len(taken & gold) / (len(taken) + len(gold))

    chosen = best_threshold(pairs, gold)
    assert chosen not in pairs.values()
    assert f1(chosen) == max(f1(score) for score in pairs.values())
    assert best_threshold(pairs, {("a", "b")}) == 0
