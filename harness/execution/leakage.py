"""No plan trains on what it is scored on: pairs that stand in a training and an evaluation set."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from harness.data.evaluation_rows import EvaluationRows, UnknownEvaluationDataError, load_evaluation_rows
from harness.data.overlap import Overlap, OverlapError, OverlappingPair, find_overlap
from harness.data.rows import NoSourceError
from harness.execution.resolution import Resolution
from harness.plan.stage import Stage

if TYPE_CHECKING:
    from datasets import Dataset


def refuse_leakage(resolution: Resolution) -> None:
    """Compare every training set with the evaluation sets of the targets that follow it.

    The languages of an evaluation corpus are translations of each other, so training sets are also
    compared with the English rows where English is not evaluated.

    Raises:
        OverlapError: A training row, or its two texts exchanged, is also an evaluation row.
    """
    problems: dict[str, None] = {}
    for target, evaluated in _evaluated(resolution).items():
        together = _Together.of(evaluated)
        for task in sorted(_trained_before(resolution, target)):
            overlap = find_overlap(resolution.training[task].dataset, together.dataset)
            for problem in together.in_words(task, overlap):
                problems[problem] = None
    if problems:
        raise OverlapError(
            "training rows are also evaluation rows:\n"
            + "\n".join(problems)
            + "\nRemove these rows from the training data, or train on or evaluate another split."
        )


@dataclass(frozen=True)
class _Together:
    """Evaluation sets one behind the other, so that a large training set is gone through once."""

    dataset: "Dataset"
    names: tuple[str, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, sets: Mapping[str, EvaluationRows]) -> "_Together":
        from datasets import concatenate_datasets

        columns = [rows.dataset.select_columns(["text_a", "text_b"]) for rows in sets.values()]
        ends = tuple(accumulate(len(rows.dataset) for rows in sets.values()))
        return cls(concatenate_datasets(columns), tuple(sets), ends)

    def in_words(self, task: str, overlap: Overlap) -> list[str]:
        """Return a line for each evaluation set that holds rows of the training task."""
        found: dict[int, list[OverlappingPair]] = {}
        for pair in overlap.pairs:
            found.setdefault(bisect_right(self.ends, pair.evaluation_row), []).append(pair)
        return [self._line(task, position, pairs) for position, pairs in sorted(found.items())]

    def _line(self, task: str, position: int, pairs: list[OverlappingPair]) -> str:
        start = self.ends[position - 1] if position else 0
        return (
            f"  {task}: {len(pairs)} {'row' if len(pairs) == 1 else 'rows'} also in {self.names[position]}, "
            f"first: training row {pairs[0].training_row + 1} is evaluation row "
            f"{pairs[0].evaluation_row - start + 1}"
        )


def _evaluated(resolution: Resolution) -> dict[str, dict[str, EvaluationRows]]:
    loaded = resolution.plan.loaded
    sets: dict[str, dict[str, EvaluationRows]] = {}
    for target, leaves in loaded.evaluations.items():
        sets[target] = {task.name: resolution.evaluation[task.name] for task in leaves}
        for corpus in {task.corpus for task in leaves} - {
            task.corpus for task in leaves if task.language == "en"
        }:
            try:
                english = load_evaluation_rows(
                    corpus, "en", split=loaded.spec.evaluation.split, data_dir=resolution.data_dir
                )
            except (NoSourceError, UnknownEvaluationDataError):
                continue
            sets[target][f"{corpus} (en)"] = english
    return sets


def _trained_before(resolution: Resolution, target: str) -> set[str]:
    stages: set[Stage] = {stage for stage in resolution.plan.stages if stage.path[-1] == target}
    members = resolution.plan.loaded.spec.members
    return {task for stage in stages for name in stage.path for task in members(name)}
