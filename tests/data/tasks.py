from typing import Any

from harness.kinds.classification.task import ClassificationTask
from harness.kinds.sources import EmbeddedSource, FolderSource, HubSource, Sources

NLI = ("entailment", "neutral", "contradiction")


def nli(
    path: str | None = None, *, hub: HubSource | None = None, embedded: str | None = None, **changed: Any
) -> ClassificationTask:
    """An NLI task with columns premise, hypothesis, label; a folder file without header."""
    folder = {"format": "tsv", "columns": ("premise", "hypothesis", "label")} | changed.pop("folder", {})
    sources = Sources(
        folder=FolderSource(path=path, **folder) if path else None,
        hub=hub,
        embedded=EmbeddedSource(corpus=embedded) if embedded else None,
    )
    fields: dict[str, Any] = {
        "name": "nli",
        "kind": "classification",
        "title": "NLI",
        "citation": "none",
        "license": "CC0-1.0",
        "inputs": ("premise", "hypothesis"),
        "label": "label",
        "labels": NLI,
        "sources": sources,
    }
    return ClassificationTask(**(fields | changed))
