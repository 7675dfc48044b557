"""The data of the evaluation tasks, as lm-eval asks for it (`custom_dataset` in `tasks/evaluation`)."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.corpus import Corpus, find_corpus
from harness.data.evaluation_rows import EvaluationRows, UnknownEvaluationDataError, load_evaluation_rows
from harness.data.location import DataFolders, data_folders
from harness.kinds.registry import kind_of
from harness.resources import evaluation_folders

if TYPE_CHECKING:
    from datasets import Dataset

ROWS = "rows"
"""The one split that a task's data has; which rows it holds was decided by `split` when loading."""


@dataclass(frozen=True)
class ScoredRows:
    """The rows of one leaf task.

    Attributes:
        corpus: Their corpus.
        language: Their language.
        rows: The rows, with four more columns: `text`, what was read, as one string; `corpus`, its name;
            `language`; `reference`, what metrics compare predictions with
            (`harness.metrics.item_scores.encode`).
        whole: With them the rows that are no items (`TaskKind.asked`), without those columns.
        folders: Where they were looked for.
    """

    corpus: Corpus
    language: str
    rows: EvaluationRows
    whole: "Dataset"
    folders: DataFolders

    def validation(self) -> "Dataset":
        """Return the corpus's validation rows in this language.

        Raises:
            UserError: they can't be had.
        """
        found = load_evaluation_rows(self.corpus, self.language, split="validation", data_dir=self.folders)
        return found.dataset


def load(
    corpus: str,
    language: str,
    split: str = "test",
    data_dir: str | Path | Sequence[str | Path] | None = None,
    task_folders: Sequence[str] = (),
    **_: Any,
) -> dict[str, "Dataset"]:
    """Return the rows of one task for lm-eval, under the split name `rows`.

    Called with the task's `metadata`. `split`, `data_dir` and `task_folders` come from the `metadata` of the
    `TaskManager` or of lm-eval's command line, which also passes every model argument; those are ignored.

    Raises:
        UserError: there is no such corpus, or its rows can't be had or are not what they should be.
    """
    found = scored_rows(corpus, language, split, data_dir, tuple(map(Path, task_folders)))
    return {ROWS: found.rows.dataset}


def scored_rows(
    corpus: str,
    language: str,
    split: str,
    data_dir: str | Path | Sequence[str | Path] | None,
    task_folders: tuple[Path, ...] = (),
) -> ScoredRows:
    """Return the rows of a corpus in a language; loaded once per process, split and data folder.

    Raises:
        UnknownEvaluationDataError: no folder of tasks has the corpus.
        UserError: the rows can't be had, lack labels, or are not what they should be.
    """
    folders = evaluation_folders(task_folders)
    found = find_corpus(corpus, folders)
    if found is None:
        raise UnknownEvaluationDataError(
            f"no corpus {corpus!r}: none of {', '.join(map(str, folders))} has a {corpus}.yaml that is one"
        )
    _loaded[corpus] = found
    named = [data_dir] if isinstance(data_dir, str | Path) else data_dir or ()
    rows = _load_once(found, language, split, (*data_folders(named), *task_folders))
    _parts[corpus, language] = rows
    return rows


def loaded_corpus(name: str) -> Corpus:
    """Return a corpus of which rows have been loaded in this process: what lm-eval's documents are of.

    Raises:
        UnknownEvaluationDataError: none has that name.
    """
    if name not in _loaded:
        raise UnknownEvaluationDataError(f"no rows of the corpus {name!r} are loaded in this process")
    return _loaded[name]


def loaded_rows(corpus: str, language: str) -> ScoredRows:
    """Return the rows of a corpus in a language as they were last loaded in this process."""
    return _parts[corpus, language]


_loaded: dict[str, Corpus] = {}
_parts: dict[tuple[str, str], ScoredRows] = {}


@functools.lru_cache(maxsize=256)
def _load_once(corpus: Corpus, language: str, split: str, folders: DataFolders) -> ScoredRows:
    from harness.metrics.item_scores import encode

    rows = load_evaluation_rows(corpus, language, split=split, data_dir=folders)
    kind, task = kind_of(corpus.task), corpus.task
    asked = kind.asked(task, rows.dataset)
    text = [
        a if b is None else f"{a}\n{b}" for a, b in zip(asked["text_a"][:], asked["text_b"][:], strict=True)
    ]
    references = kind.references(task, asked)
    dataset = (
        asked.add_column("text", text)
        .add_column("corpus", [corpus.name] * len(text))
        .add_column("language", [language] * len(text))
        .add_column("reference", [encode(reference) for reference in references])
    )
    return ScoredRows(corpus, language, replace(rows, dataset=dataset), rows.dataset, folders)
