"""The identity of rows: a digest of their content in order, the same from every source."""

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasets import Dataset

_ROWS_AT_ONCE = 1000


def fingerprint(dataset: "Dataset", label_names: Sequence[str]) -> str:
    """Return the sha256 (64 hex digits) of texts and label names in row order.

    Neither the order of `label_names` nor how a source encodes labels counts, so that one data set
    has one fingerprint, whether it came from the hub, a folder or the embedded corpus.

    Args:
        dataset: Columns text_a (str), text_b (str or null) and label (int64 position in label_names).
        label_names: Names of the labels.
    """
    import numpy as np

    digest = hashlib.sha256()
    digest.update(len(dataset).to_bytes(8, "little"))
    for name in ("text_a", "text_b"):
        texts: list[str | None] = dataset[name][:]
        encoded = [b"" if text is None else text.encode() for text in texts]
        lengths = [-1 if text is None else len(part) for text, part in zip(texts, encoded, strict=True)]
        digest.update(np.array(lengths, dtype="<i8").tobytes())
        digest.update(b"".join(encoded))
    alphabetical = sorted(label_names)
    rank = np.array([alphabetical.index(name) for name in label_names], dtype="<i8")
    labels = np.array(dataset["label"][:], dtype=np.int64)
    digest.update(json.dumps(alphabetical, ensure_ascii=False).encode())
    digest.update(rank[labels].tobytes())
    return digest.hexdigest()


def fingerprint_of_kind(kind: str, dataset: "Dataset", label_names: Sequence[str]) -> str:
    """Return the sha256 (64 hex digits) of all columns in row order, for kinds other than classification.

    Args:
        kind: Kind of the task; rows of one kind are never those of another.
        dataset: The kind's columns (`harness.kinds`).
        label_names: Names of the label ids in their order; empty where the kind has none.
    """
    digest = hashlib.sha256()
    head = {"kind": kind, "rows": len(dataset), "columns": dataset.column_names, "labels": list(label_names)}
    digest.update(json.dumps(head, ensure_ascii=False).encode())
    for start in range(0, len(dataset), _ROWS_AT_ONCE):
        part = dataset[start : start + _ROWS_AT_ONCE]
        digest.update(json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode())
    return digest.hexdigest()
