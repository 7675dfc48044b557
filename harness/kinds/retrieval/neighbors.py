"""Nearest neighbors by cosine, and the ratio margin by which translations are mined."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import UserError

Vectors = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Pairs = dict[tuple[str, str], float]
"""Ids of two sentences -> their margin."""

_BLOCK = 1024
_LARGE = 2 * 10**9
"""Comparisons beyond which faiss searches: 45,000 sentences on either side."""


class SearchLibraryError(UserError):
    """Sets so large need a library that is not installed."""


def normalized(vectors: npt.NDArray[Any]) -> Vectors:
    """Return vectors, (n, size), of length 1; those of 0 stay."""
    single = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(single, axis=1, keepdims=True)
    found: Vectors = np.divide(single, lengths, out=np.zeros_like(single), where=lengths > 0)
    return found


def nearest(queries: Vectors, candidates: Vectors, count: int) -> tuple[Vectors, Numbers]:
    """Return cosines and numbers of each query's nearest candidates, (queries, count), nearest first.

    Of candidates that are as near the first comes first.

    Args:
        queries: (n, size), normalized.
        candidates: (m, size), normalized.
        count: How many; at most m are found.

    Raises:
        SearchLibraryError: the sets are large and faiss is not installed.
    """
    count = min(count, len(candidates))
    if len(queries) * len(candidates) > _LARGE:
        return _by_faiss(queries, candidates, count)
    cosines, numbers = [], []
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK] @ candidates.T
        best = np.argpartition(-block, count - 1, axis=1)[:, :count]
        if count == 1:
            best = block.argmax(axis=1)[:, None]  # the first of equals
        values = np.take_along_axis(block, best, axis=1)
        order = np.lexsort((best, -values), axis=1)
        numbers.append(np.take_along_axis(best, order, axis=1))
        cosines.append(np.take_along_axis(values, order, axis=1))
    return np.concatenate(cosines), np.concatenate(numbers).astype(np.int64)


def _by_faiss(queries: Vectors, candidates: Vectors, count: int) -> tuple[Vectors, Numbers]:
    try:
        import faiss
    except ImportError as error:
        raise SearchLibraryError(
            f"{len(queries):,} × {len(candidates):,} sentences are compared by faiss, which is not here; "
            "install it: pip install 'xstilts[retrieval]'"
        ) from error
    index = faiss.IndexFlatIP(candidates.shape[1])
    index.add(np.ascontiguousarray(candidates))
    found: tuple[Vectors, Numbers] = index.search(np.ascontiguousarray(queries), count)
    return found


def mined(sides: tuple[Vectors, Vectors], ids: tuple[Sequence[str], Sequence[str]], neighbors: int) -> Pairs:
    """Return the pairs of which each sentence is the other's best left one, with their margin.

    The ratio margin of Artetxe & Schwenk 2019, equation 3 (https://aclanthology.org/P19-1309): a cosine over
    the mean of both sentences' mean cosines with their k nearest neighbors. Each sentence proposes its best
    neighbor; the proposals of both sides are taken from the best down, each sentence once, as XTREME mines.

    Args:
        sides: Normalized vectors of the distinct sentences of both sides.
        ids: Their ids.
        neighbors: k.
    """
    own, other = sides
    forward, forward_at = nearest(own, other, neighbors)
    backward, backward_at = nearest(other, own, neighbors)
    means = forward.mean(axis=1), backward.mean(axis=1)
    ahead = forward / ((means[0][:, None] + means[1][forward_at]) / 2)
    back = backward / ((means[1][:, None] + means[0][backward_at]) / 2)
    best, best_back = ahead.argmax(axis=1), back.argmax(axis=1)
    firsts = np.concatenate([np.arange(len(own)), backward_at[np.arange(len(other)), best_back]])
    seconds = np.concatenate([forward_at[np.arange(len(own)), best], np.arange(len(other))])
    scores = np.concatenate([ahead.max(axis=1), back.max(axis=1)])
    pairs: Pairs = {}
    taken: tuple[set[int], set[int]] = (set(), set())
    for at in np.argsort(-scores, kind="stable"):
        first, second = int(firsts[at]), int(seconds[at])
        if first not in taken[0] and second not in taken[1]:
            taken[0].add(first)
            taken[1].add(second)
            pairs[ids[0][first], ids[1][second]] = float(scores[at])
    return pairs


def best_threshold(pairs: Mapping[tuple[str, str], float], gold: set[tuple[str, str]]) -> float:
    """Return the margin from which taking pairs gives the best F1: halfway to the next pair, as in XTREME."""
    ranked = sorted(pairs.items(), key=lambda pair: -pair[1])
    right, best, threshold = 0, 0.0, 0.0
    for taken, (pair, score) in enumerate(ranked, 1):
        right += pair in gold
        f1 = 2 * right / (taken + len(gold))
        if f1 > best:
            following = ranked[taken][1] if taken < len(ranked) else score
            best, threshold = f1, (score + following) / 2
    return threshold
