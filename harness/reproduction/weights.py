"""Whether two finished stages have the same weights, and by how much they differ if not."""

from dataclasses import dataclass
from pathlib import Path

from harness.store.entry import Entry
from harness.training.manifest import StageManifest

_SUFFIX = ".safetensors"


@dataclass(frozen=True)
class WeightsDifference:
    """How the weights of two stages differ.

    Attributes:
        largest: The largest absolute difference of a weight; infinite where files or tensors are others.
        words: What differs, and what differs most.
    """

    largest: float
    words: str


def weights_difference(first: Entry[StageManifest], second: Entry[StageManifest]) -> WeightsDifference | None:
    """Return None where all weight files have the same checksums, else how they differ.

    Args:
        first: A stage.
        second: The same stage trained again.
    """
    own, other = (
        {name: record.sha256 for name, record in entry.manifest.files.items() if name.endswith(_SUFFIX)}
        for entry in (first, second)
    )
    if own == other:
        return None
    if own.keys() != other.keys():
        names = ", ".join(sorted(own.keys() ^ other.keys()))
        return WeightsDifference(float("inf"), f"other files: {names}")
    gone = [entry.folder for entry in (first, second) for name in own if not (entry.folder / name).is_file()]
    if gone:
        words = f"other checksums; by how much cannot be told, since the weights of {gone[0]} were discarded"
        return WeightsDifference(float("inf"), words)
    tensors, changed, largest, where = 0, 0, 0.0, ""
    for name in sorted(own):
        if own[name] == other[name]:
            continue
        for tensor, difference in _differences(first.folder / name, second.folder / name).items():
            tensors += 1
            changed += difference > 0
            if difference > largest:
                largest, where = difference, f"{name}: {tensor}"
    words = f"{changed} of {tensors} tensors differ, by at most {largest:.3g} ({where})"
    return WeightsDifference(largest, words)


def _differences(first: Path, second: Path) -> dict[str, float]:
    """Return the largest absolute difference of each tensor; infinite where shapes or names differ."""
    import numpy as np
    from safetensors import safe_open

    found: dict[str, float] = {}
    with safe_open(first, framework="numpy") as own, safe_open(second, framework="numpy") as other:
        names, others = set(own.keys()), set(other.keys())
        for name in sorted(names | others):
            if name not in names or name not in others:
                found[name] = float("inf")
                continue
            one, another = own.get_tensor(name), other.get_tensor(name)
            if one.shape != another.shape:
                found[name] = float("inf")
            elif one.size:
                found[name] = float(np.abs(one.astype(np.float64) - another.astype(np.float64)).max())
    return found
