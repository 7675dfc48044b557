"""The data of the evaluation tasks, as lm-eval asks for it (`custom_dataset` in `tasks/evaluation`)."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.message_text import names_in_short

if TYPE_CHECKING:
    from datasets import Dataset

ROWS = "rows"
"""The one split that a task's data has; which rows it holds was decided by `split` when loading."""


class TaskLabelsError(UserError):
    """A task's file names other labels than its data has."""


@dataclass(frozen=True)
class ScoredRows:
    """The rows of one leaf task.

    Attributes:
        dataset: columns item_id, text_a, text_b, label, and `text`: the pair as one string.
        labels: label names; a row's label is a position in them.
        fingerprint: sha256 of the rows' content.
        source: where the rows came from.
        revision: the hub's commit, if they came from there.
    """

    dataset: "Dataset"
    labels: tuple[str, ...]
    fingerprint: str
    source: str
    revision: str | None


def load(
    corpus: str,
    language: str,
    labels: list[str],
    split: str = "test",
    data_dir: str | Path | None = None,
    **_: Any,
) -> dict[str, "Dataset"]:
    """Return the rows of one task for lm-eval, under the split name `rows`.

    Called with the task's `metadata`. `split` and `data_dir` come from the `metadata` of the
    `TaskManager` or of lm-eval's command line, which also passes every model argument; those are ignored.

    Raises:
        TaskLabelsError: `labels` are not the labels of the data.
        UserError: the rows can't be had, lack labels, or are not what they should be.
    """
    rows = scored_rows(corpus, language, split, data_dir)
    if tuple(labels) != rows.labels:
        raise TaskLabelsError(
            f"evaluation task of corpus {corpus}, language {language}: its file names the labels "
            f"{names_in_short(labels)}, the data has {names_in_short(rows.labels)}. Use those in "
            "`metadata.labels` and `doc_to_choice`, in that order."
        )
    return {ROWS: rows.dataset}


def scored_rows(corpus: str, language: str, split: str, data_dir: str | Path | None) -> ScoredRows:
    """Return the rows of a corpus in a language; loaded once per process, split and data folder.

    Raises:
        UserError: the rows can't be had, lack labels, or are not what they should be.
    """
    from harness.data.location import data_folder

    return _load_once(corpus, language, split, data_folder(data_dir))


@functools.lru_cache(maxsize=256)
def _load_once(corpus: str, language: str, split: str, folder: Path | None) -> ScoredRows:
    from harness.data.evaluation_rows import load_evaluation_rows

    rows = load_evaluation_rows(corpus, language, split=split, data_dir=folder)
    text = [
        a if b is None else f"{a}\n{b}"
        for a, b in zip(rows.dataset["text_a"], rows.dataset["text_b"], strict=True)
    ]
    return ScoredRows(
        dataset=rows.dataset.add_column("text", text),
        labels=tuple(rows.label_names),
        fingerprint=rows.fingerprint,
        source=rows.source,
        revision=rows.revision,
    )
