"""Several boards on one: rows of other sequence files, seeds of other machines, the same rows recognized."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from harness.errors import UserError
from harness.message_text import cut, names_in_short
from harness.results.board import (
    AnalysisPlan,
    Board,
    BoardRow,
    EvaluatedLanguage,
    MachineRecord,
    Provenance,
    SeedResult,
    checked_name,
)
from harness.results.curves import limited
from harness.results.data_use import DataUse
from harness.results.held_out import merged
from harness.results.settings import Compute
from harness.results.target_metric import TargetMetric


class ConflictingEvaluationsError(UserError):
    """One evaluation digest stands for two results, so that at least one of them is not what it says."""

    def __init__(self, first: str, second: str, difference: str) -> None:
        super().__init__(
            f"the same evaluation has other results in {first} and in {second}: {difference}. The same "
            "digest means the same model, data and settings; only other machines or versions can account for "
            "a difference, in last bits. Keep one of the two, or look into it with `xstilts reproduce`."
        )


class IncompatibleBoardsError(UserError):
    """Boards differ in what their rows would have to share to stand in one table."""


def combine(boards: Sequence[Board], name: str, title: str | None, question: str | None) -> Board:
    """Return one board of all rows; a row with the same seed in several boards stands once.

    Args:
        boards: At least one.
        name: Of the combination, also of its files.
        title: Of the combination; None: the boards' titles.
        question: None: that of the boards, where they have one in common.

    Raises:
        IncompatibleBoardsError: Other models, splits, limits, columns, data, or settings of the same task.
        ConflictingEvaluationsError: Two boards give the same evaluation digest other scores.
    """
    _refuse_others(boards)
    languages, data = _languages(boards), _data(boards)
    questions = {board.question for board in boards}
    parts = tuple(part for board in boards for part in (board.parts or (board.provenance,)))
    machines = _machines(boards)
    rows = _rows(boards, machines)
    return Board(
        name=checked_name(name),
        title=title or " + ".join(dict.fromkeys(board.title for board in boards)),
        question=question or (questions.pop() if len(questions) == 1 else None),
        analysis=_analysis(boards),
        note=" ".join(dict.fromkeys(board.note for board in boards if board.note)) or None,
        rows=tuple(rows),
        languages=languages,
        seeds=tuple(sorted({seed for board in boards for seed in board.seeds})),
        data=data,
        mixtures={mix: words for board in boards for mix, words in board.mixtures.items()},
        overlap=tuple(dict.fromkeys(shared for board in boards for shared in board.overlap)),
        metrics=_metrics(boards),
        held_out_metrics={task: name for board in boards for task, name in board.held_out_metrics.items()},
        provenance=_provenance(parts, name),
        machines=machines if len(machines) > 1 else (),
        parts=parts,
        settings=tuple({part.stage: part for board in boards for part in board.settings}.values()),
        scoring=tuple({part.target: part for board in boards for part in board.scoring}.values()),
        compute=_compute(boards),
        files=tuple(kept for board in boards for kept in (board.files or (None,) * max(1, len(board.parts)))),
        not_measured={task: why for board in boards for task, why in board.not_measured.items()},
        curves=limited(curve for board in boards for curve in board.curves),
        held_out=merged(part for board in boards for part in board.held_out),
    )


def _compute(boards: Sequence[Board]) -> Compute | None:
    """Return what one board says; of several, stages that they share would be counted twice."""
    return boards[0].compute if len(boards) == 1 else None


def _analysis(boards: Sequence[Board]) -> AnalysisPlan:
    """Return what all boards declared, or nothing declared where they differ."""
    plans = [board.analysis.model_copy(update={"looks": (), "planned_seeds": None}) for board in boards]
    return plans[0] if all(plan == plans[0] for plan in plans) else AnalysisPlan()


def _refuse_others(boards: Sequence[Board]) -> None:
    first = boards[0].provenance
    for board in boards[1:]:
        other = board.provenance
        for what, one, another in (
            ("model", first.model_fingerprint or first.model, other.model_fingerprint or other.model),
            ("evaluation split", first.split, other.split),
            *(
                (f"evaluation split of {target}", first.split_of(target), other.split_of(target))
                for target in board.targets
                if target in boards[0].targets
            ),
            ("limit of items", first.limited, other.limited),
        ):
            if one != another:
                raise IncompatibleBoardsError(
                    f"{boards[0].name} and {board.name} have another {what} ({cut(str(one))} and "
                    f"{cut(str(another))}): their rows cannot be compared. Publish them apart."
                )
    _refuse_other_recipes(boards)


def _refuse_other_recipes(boards: Sequence[Board]) -> None:
    known: dict[str, tuple[str, str]] = {}
    for board in boards:
        for row in board.rows:
            config_hash = next((result.config_hash for result in row.seeds if result.config_hash), ())
            for task, digest in zip((*row.order, row.target), config_hash, strict=False):
                where, own = known.setdefault(task, (board.name, digest))
                if own != digest:
                    raise IncompatibleBoardsError(
                        f"{where} and {board.name} train {task} with other settings or data, so that rows of "
                        "the same name would not be the same. Give the task the same settings in both "
                        "sequence files, or publish them apart."
                    )


def _languages(boards: Sequence[Board]) -> dict[str, tuple[EvaluatedLanguage, ...]]:
    found: dict[str, tuple[EvaluatedLanguage, ...]] = {}
    for board in boards:
        for target, columns in board.languages.items():
            if set(found.setdefault(target, columns)) != set(columns):
                raise IncompatibleBoardsError(
                    f"{board.name}: {target} is scored on {_names(columns)}, elsewhere on "
                    f"{_names(found[target])}; score both on the same tasks"
                )
    return found


def _metrics(boards: Sequence[Board]) -> dict[str, tuple[TargetMetric, ...]]:
    found: dict[str, tuple[TargetMetric, ...]] = {}
    for board in boards:
        for target, metrics in board.metrics.items():
            if found.setdefault(target, metrics) != metrics:
                names = (", ".join(metric.name for metric in used) for used in (metrics, found[target]))
                raise IncompatibleBoardsError(
                    "{}: {} is scored by {}, elsewhere by {}; publish them apart".format(
                        board.name, target, *names
                    )
                )
    return found


def _names(columns: Iterable[EvaluatedLanguage]) -> str:
    return names_in_short(column.task for column in columns)


def _data(boards: Sequence[Board]) -> tuple[DataUse, ...]:
    found: dict[tuple[str, str], DataUse] = {}
    for board in boards:
        for use in board.data:
            own = found.setdefault((use.role, use.name), use)
            if own.fingerprint != use.fingerprint:
                raise IncompatibleBoardsError(
                    f"{board.name}: {use.role} data {cut(use.name)} has the fingerprint "
                    f"{cut(str(use.fingerprint))}, elsewhere {cut(str(own.fingerprint))}; the rows are "
                    "not the same"
                )
    return tuple(found.values())


def _machines(boards: Sequence[Board]) -> tuple[MachineRecord, ...]:
    found: list[MachineRecord] = []
    for board in boards:
        found += [machine for machine in _machines_of(board) if machine not in found]
    return tuple(found)


def _machines_of(board: Board) -> tuple[MachineRecord, ...]:
    made = board.provenance
    alone = MachineRecord(
        hardware=made.hardware, packages=made.packages, commit=made.commit, dirty=made.dirty
    )
    return board.machines or (alone,)


def _rows(boards: Sequence[Board], machines: Sequence[MachineRecord]) -> Iterator[BoardRow]:
    """Yield the rows target by target, each with the results of all boards that have it."""
    found: dict[str, dict[tuple[str, ...], dict[int, tuple[str, SeedResult]]]] = {}
    offset = 0
    for board in boards:
        places = [machines.index(machine) for machine in _machines_of(board)]
        for row in board.rows:
            results = found.setdefault(row.target, {}).setdefault(row.order, {})
            for result in row.seeds:
                own = _placed(result, places, offset, len(machines))
                kept = results.get(result.seed)
                results[result.seed] = (
                    (board.name, own) if kept is None else _one(row.sequence, kept, (board.name, own))
                )
        offset += max(1, len(board.parts))
    for target, orders in found.items():
        for order, results in orders.items():
            seeds = tuple(results[seed][1] for seed in sorted(results))
            yield BoardRow(order=order, target=target, seeds=seeds)


def _placed(result: SeedResult, places: Sequence[int], offset: int, machines: int) -> SeedResult:
    """Return a result whose machines and part count through the whole combination."""
    made = tuple(places[place] for place in (result.machines or (0,)))
    scored = bool(result.scores)
    return result.model_copy(
        update={"machines": made if machines > 1 and scored else (), "part": offset + (result.part or 0)}
    )


_Named = tuple[str, SeedResult]


def _one(sequence: str, first: _Named, second: _Named) -> _Named:
    """Return the one result that two boards give for the same sequence and seed."""
    one, own = first
    another, other = second
    if "ok" not in (own.status, other.status):
        # A failure tells more than a run that never began.
        return second if own.status == "not run" else first
    if own.status != other.status:
        return first if own.status == "ok" else second
    place = f"{sequence}, seed {own.seed}"
    if own.evaluation_digest != other.evaluation_digest:
        raise IncompatibleBoardsError(
            f"{place}: {one} and {another} trained or scored it otherwise (evaluation "
            f"{own.evaluation_digest} and {other.evaluation_digest}). Publish them apart."
        )
    for task in dict.fromkeys((*own.scores, *other.scores)):
        scores = [(result.scores.get(task), result.items.get(task)) for result in (own, other)]
        if scores[0] != scores[1]:
            raise ConflictingEvaluationsError(
                f"{one} ({place})",
                f"{another} ({place})",
                f"{task}: {_said(scores[0])} against {_said(scores[1])}",
            )
    return first


def _said(score: tuple[float | None, int | None]) -> str:
    return "no score" if score[0] is None else f"{score[0]} on {score[1]} items"


def _provenance(parts: Sequence[Provenance], name: str) -> Provenance:
    first = parts[0]
    if len(set(map(_text, parts))) == 1:
        return first
    return first.model_copy(
        update={
            "command": f"xstilts merge PAGES --name {name}",
            "sequence_file": ", ".join(dict.fromkeys(part.sequence_file for part in parts)),
            "sequence_sha256": hashlib.sha256(
                "".join(part.sequence_sha256 for part in parts).encode()
            ).hexdigest(),
            "commit": _joined(part.commit for part in parts),
            "dirty": any(part.dirty for part in parts),
            "created": max(part.created for part in parts),
            "packages": {
                package: _joined(part.packages.get(package) for part in parts) or "unknown"
                for package in dict.fromkeys(package for part in parts for package in part.packages)
            },
            "splits": {target: split for part in parts for target, split in part.splits.items()},
            "hardware": _joined(part.hardware for part in parts) or "unknown",
            "deepspeed": _joined(part.deepspeed for part in parts) or "unknown",
        }
    )


def _text(part: Provenance) -> str:
    return part.model_dump_json()


def _joined(values: Iterable[str | None]) -> str | None:
    return ", ".join(dict.fromkeys(value for value in values if value)) or None
