"""No plan trains on what it is scored on: rows that stand in a training and an evaluation set."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from harness.data.evaluation_rows import EvaluationRows, UnknownEvaluationDataError, load_evaluation_rows
from harness.data.location import DataFolders
from harness.data.overlap import Overlap, OverlapError, OverlappingPair, OverlapSearch
from harness.data.rows import NoSourceError, TrainingRows, without_rows
from harness.planning.tree import Plan


@dataclass(frozen=True)
class EvaluationSet:
    """The rows of one language of a corpus that training rows are compared with.

    Attributes:
        name: The leaf evaluation task, or `CORPUS (en)` where only its translations are scored.
        rows: Number of rows.
    """

    name: str
    corpus: str
    language: str
    rows: int


@dataclass(frozen=True)
class Shared:
    """What a training task and an evaluation set have in common.

    Attributes:
        pairs: The training rows that are also evaluation rows; rows counted in each set by itself.
        sentence_rows: Evaluation rows that hold a text of a training row, character by character.
        similar_sentence_rows: The same after normalization.
    """

    training: str
    evaluation: EvaluationSet
    pairs: tuple[OverlappingPair, ...]
    sentence_rows: int
    similar_sentence_rows: int

    @property
    def training_rows(self) -> frozenset[int]:
        """Positions of the training rows that are also evaluation rows."""
        return frozenset(pair.training_row for pair in self.pairs)


@dataclass(frozen=True)
class Leakage:
    """Every training set of a plan against every evaluation set of the targets that follow it.

    Attributes:
        shared: What was compared, also where nothing is shared.
        scored: Parallel corpus -> the languages that are scored; row i is the same item in all of them.
        warnings: What could not be compared.
    """

    shared: tuple[Shared, ...]
    scored: Mapping[str, tuple[str, ...]]
    warnings: tuple[str, ...] = ()

    def leaked(self, task: str) -> frozenset[int]:
        """Return the positions of a training task's rows that are also evaluation rows."""
        return frozenset[int]().union(*(part.training_rows for part in self.shared if part.training == task))

    def refuse(self) -> None:
        """Refuse a plan that trains on evaluation rows.

        Raises:
            OverlapError: A training row, or its two texts exchanged, is also an evaluation row.
        """
        lines = [self._line(part) for part in self.shared if part.pairs]
        if lines:
            raise OverlapError(
                "training rows are also evaluation rows:\n"
                + "\n".join(lines)
                + "\nSet 'overlap: drop' in the sequence file to leave these rows out of training, or train "
                "on or evaluate another split."
            )

    def _line(self, part: Shared) -> str:
        count, first = len(part.training_rows), part.pairs[0]
        languages = self.scored.get(part.evaluation.corpus, ())
        parallel = (
            f"; the same items are scored in {len(languages)} languages ({', '.join(languages)})"
            if len(languages) > 1
            else ""
        )
        return (
            f"  {part.training}: {count:,} {'row' if count == 1 else 'rows'} also in {part.evaluation.name}, "
            f"first: training row {first.training_row + 1} is evaluation row {first.evaluation_row + 1}"
            f"{parallel}"
        )


def find_leakage(
    plan: Plan,
    training: Mapping[str, TrainingRows],
    evaluation: Mapping[str, EvaluationRows],
    data_dir: DataFolders,
) -> Leakage:
    """Compare every training set with the evaluation sets of the targets that follow it.

    The languages of an evaluation corpus are translations of each other, so training sets are also
    compared with the English rows where English is not evaluated.
    """
    sets, warnings = _evaluated(plan, evaluation, data_dir)
    found: list[Shared] = []
    searches: dict[tuple[str, ...], _Together] = {}
    for task in training:
        targets = _targets_after(plan, task)
        together = searches.get(targets)
        if together is None:
            together = searches[targets] = _Together([part for target in targets for part in sets[target]])
        found += together.compare(task, training[task])
    scored: dict[str, dict[str, None]] = {}
    for leaves in plan.loaded.evaluations.values():
        for leaf in (leaf for leaf in leaves if leaf.corpus.definition.parallel):
            scored.setdefault(leaf.corpus.name, {})[leaf.language] = None
    return Leakage(tuple(found), {corpus: tuple(found) for corpus, found in scored.items()}, warnings)


def drop_leaked(
    plan: Plan, training: Mapping[str, TrainingRows], leakage: Leakage
) -> dict[str, TrainingRows]:
    """Return the training sets without the rows that are also evaluation rows."""
    tasks = plan.tasks
    return {name: without_rows(tasks[name], rows, leakage.leaked(name)) for name, rows in training.items()}


_Set = tuple[EvaluationSet, EvaluationRows]


class _Together:
    """Evaluation sets one behind the other, so that a large training set is gone through once."""

    def __init__(self, sets: Collection[_Set]) -> None:
        from datasets import concatenate_datasets

        distinct = dict(sets)
        self._sets = tuple(distinct)
        self._ends = tuple(accumulate(part.rows for part in self._sets))
        columns = [rows.dataset.select_columns(["text_a", "text_b"]) for rows in distinct.values()]
        self._search = OverlapSearch(concatenate_datasets(columns))

    def compare(self, task: str, rows: TrainingRows) -> list[Shared]:
        """Return what a training task has in common with each of the sets."""
        overlap = self._search.find(rows.dataset)
        pairs = self._by_set(overlap)
        sentences, similar = self._counts(overlap.sentences), self._counts(overlap.similar_sentences)
        return [
            Shared(task, part, tuple(pairs[at]), sentences[at], similar[at])
            for at, part in enumerate(self._sets)
        ]

    def _by_set(self, overlap: Overlap) -> list[list[OverlappingPair]]:
        found: list[list[OverlappingPair]] = [[] for _ in self._sets]
        for pair in overlap.pairs:
            at = bisect_right(self._ends, pair.evaluation_row)
            start = self._ends[at] - self._sets[at].rows
            found[at].append(replace(pair, evaluation_row=pair.evaluation_row - start))
        return found

    def _counts(self, rows: Sequence[int]) -> list[int]:
        counts = [0] * len(self._sets)
        for row in rows:
            counts[bisect_right(self._ends, row)] += 1
        return counts


def _evaluated(
    plan: Plan, evaluation: Mapping[str, EvaluationRows], data_dir: DataFolders
) -> tuple[dict[str, list[_Set]], tuple[str, ...]]:
    """Return target -> its evaluation sets, and what of them is not available."""
    settings = plan.loaded.spec.evaluation
    sets: dict[str, list[_Set]] = {}
    warnings: dict[str, None] = {}
    for target, leaves in plan.loaded.evaluations.items():
        sets[target] = [
            _set(leaf.name, leaf.corpus.name, leaf.language, evaluation[leaf.name]) for leaf in leaves
        ]
        in_english = {leaf.corpus for leaf in leaves if leaf.language == "en"}
        parallel = (leaf.corpus for leaf in leaves if leaf.corpus.definition.parallel)
        for corpus in dict.fromkeys(corpus for corpus in parallel if corpus not in in_english):
            try:
                english = load_evaluation_rows(
                    corpus, "en", split=settings.split_of(target), data_dir=data_dir
                )
            except (NoSourceError, UnknownEvaluationDataError):
                warnings[
                    f"{corpus.name}: its English rows are not available, so training rows were compared with "
                    "their translations only"
                ] = None
                continue
            sets[target].append(_set(f"{corpus.name} (en)", corpus.name, "en", english))
    return sets, tuple(warnings)


def _set(name: str, corpus: str, language: str, rows: EvaluationRows) -> _Set:
    return EvaluationSet(name, corpus, language, len(rows.dataset)), rows


def _targets_after(plan: Plan, task: str) -> tuple[str, ...]:
    """Return the targets that a task is trained before, or is itself."""
    targets = {sequence.target for sequence in plan.sequences if task in plan.trained(sequence)}
    return tuple(target for target in plan.loaded.evaluations if target in targets)
