"""Tasks of any kind whose rows lie in one file."""

from typing import Any

from harness.kinds.registry import training_task
from harness.kinds.task import Task


def folder_task(kind: str, form: str, columns: list[str] | None = None, **fields: Any) -> Task:
    """A task whose rows, and held-out rows, are those of rows.FORM below the data folder."""
    source = {"path": f"rows.{form}", "format": form} | ({"columns": columns} if columns else {})
    head = {"name": "own", "kind": kind, "title": "t", "citation": "c", "license": "l"}
    return training_task(head | {"sources": {"folder": source}, "held_out": {"folder": source}} | fields)
