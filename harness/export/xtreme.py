"""A submission to XTREME: one file of predictions for each target and language, in its own layout.

As `evaluate.py` of https://github.com/google-research/xtreme reads them: `TARGET/test-LANGUAGE.tsv`, of
question answering `.json`.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.atomic_write import atomic_write
from harness.config.corpus import Corpus
from harness.data.evaluation_rows import load_evaluation_rows
from harness.data.location import DataFolders
from harness.errors import UserError
from harness.metrics.item_scores import TaskItems, decode


class NothingToExportError(UserError):
    """No prediction belongs to a target of XTREME."""


class IncompleteTestSetError(UserError):
    """Predictions are not those of a whole test set."""


@dataclass(frozen=True)
class Submission:
    """What was written.

    Attributes:
        files: Paths below the folder -> how many predictions.
        missing: `TARGET/LANGUAGE` of what XTREME asks for and nothing was predicted of.
    """

    files: Mapping[str, int]
    missing: tuple[str, ...]


def export_xtreme(
    predictions: Iterable[tuple[Corpus, TaskItems]],
    corpora: Mapping[str, Corpus],
    folder: Path,
    data_dir: DataFolders,
) -> Submission:
    """Write predictions as a submission.

    Args:
        predictions: The corpus of each evaluation task, and what one model predicts for its test items.
        corpora: All corpora by name, for what is missing.
        folder: Where to write; files that are there are replaced.
        data_dir: Where Tatoeba's sentences lie: XTREME sorts the English ones, and so are the predictions.

    Raises:
        NothingToExportError: nothing is of a target of XTREME.
        IncompleteTestSetError: a corpus has another number of test items.
        UserError: Tatoeba's sentences can't be had.
    """
    files: dict[str, int] = {}
    for corpus, items in predictions:
        if corpus.name not in _WRITERS:
            continue
        expected = corpus.expected_rows(items.language, "test")
        if expected not in (None, len(items)):
            raise IncompleteTestSetError(
                f"{items.task}: {len(items):,} predictions, where the test set has {expected:,} items; "
                "export a leaderboard that scores the whole test split (no evaluation.limit)"
            )
        suffix = "json" if corpus.task.kind == "span_extraction" else "tsv"
        name = f"{corpus.name}/test-{items.language}.{suffix}"
        found = [decode(text) for text in items.predictions.decoded()]
        text = _WRITERS[corpus.name](corpus, items, found, data_dir)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(folder / name) as draft:
            draft.write_text(text, encoding="utf-8")
        files[name] = len(items)
    if not files:
        raise NothingToExportError(f"no prediction is of a target of XTREME ({', '.join(_WRITERS)})")
    written = {name.rsplit(".", 1)[0] for name in files}
    missing = [
        f"{name}/{language}"
        for name in _WRITERS
        for language in corpora[name].languages
        if f"{name}/test-{language}" not in written
    ]
    return Submission(files, tuple(missing))


def _labels(corpus: Corpus, items: TaskItems, found: Sequence[Any], data_dir: DataFolders) -> str:
    """Write a label a line, as the data set's own files call it (0 and 1 in PAWS-X)."""
    theirs = {name: value for value, name in (getattr(corpus.task, "label_values", None) or {}).items()}
    return "".join(f"{theirs.get(label, label)}\n" for label in found)


def _tags(corpus: Corpus, items: TaskItems, found: Sequence[Any], data_dir: DataFolders) -> str:
    """Write a tag a line, with a blank line between sentences."""
    return "\n".join("".join(f"{tag}\n" for tag in tags) for tags in found)


def _answers(corpus: Corpus, items: TaskItems, found: Sequence[Any], data_dir: DataFolders) -> str:
    """Write answers by question id."""
    answers = dict(zip(items.items.decoded().tolist(), found, strict=True))
    return json.dumps(answers, ensure_ascii=False, indent=1) + "\n"


def _pairs(corpus: Corpus, items: TaskItems, found: Sequence[Any], data_dir: DataFolders) -> str:
    """Write the ids of a pair a line."""
    names = items.items.decoded().tolist()
    return "".join(f"{own}\t{other}\n" for own, others in zip(names, found, strict=True) for other in others)


def _rows(corpus: Corpus, items: TaskItems, found: Sequence[Any], data_dir: DataFolders) -> str:
    """Write the number of a sentence a line, for the English ones as XTREME sorts them."""
    english = load_evaluation_rows(corpus, items.language, data_dir=data_dir).dataset["text_a"][:]
    if len(english) != len(found):
        raise IncompleteTestSetError(
            f"{items.task}: {len(found):,} predictions, but the data folder has {len(english):,} sentences; "
            "name the data that was scored"
        )
    order = sorted(range(len(english)), key=lambda row: english[row].strip())
    return "".join(f"{found[row]}\n" for row in order)


_Writer = Callable[[Corpus, TaskItems, Sequence[Any], DataFolders], str]
_WRITERS: dict[str, _Writer] = {
    "xnli": _labels,
    "pawsx": _labels,
    "udpos": _tags,
    "panx": _tags,
    "xquad": _answers,
    "mlqa": _answers,
    "tydiqa": _answers,
    "bucc2018": _pairs,
    "tatoeba": _rows,
}
