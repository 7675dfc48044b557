"""What of a target's table is significant: its item scores and its plan of analysis, put to the tests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.config.contrasts import NamedContrast
from harness.frozen_model import FrozenModel
from harness.report.section import Results
from harness.report.sections.collapses import COLLAPSES, Collapse
from harness.results.board import Board
from harness.results.predictions import item_table
from harness.statistics.arrays import ALPHA, Booleans, Floats
from harness.statistics.contrast import Contrasts
from harness.statistics.item_table import ItemTable
from harness.statistics.looks import level_of_look
from harness.statistics.place_effects import Order, at, before, condition_weights
from harness.statistics.prefixes import PrefixTree
from harness.statistics.table import Runs, TableResult, analyze_table
from harness.statistics.verdict import Effect, Family, judge


class PrimaryContrast(FrozenModel):
    """A contrast that the sequence file names, and what it shows; None where the rows do not hold it."""

    name: str
    effect: Effect | None


@dataclass(frozen=True)
class TestedTable:
    """The tested rows of one target.

    Attributes:
        sequences: The rows.
        orders: Their intermediate tasks.
        sets: The rows that hold the same tasks, at least two each.
        contrasts: What differences of the rows are estimated from.
        collapsed: Runs that did not learn, (rows, seeds).
        result: What they show.
        primary: The contrasts that the sequence file names.
        margin: Differences below it count as equivalent, in the metric's unit.
        exploratory: Whether seeds were added after all planned ones had been looked at.
    """

    sequences: tuple[str, ...]
    orders: tuple[Order, ...]
    sets: tuple[tuple[int, ...], ...]
    contrasts: Contrasts
    collapsed: Booleans
    result: TableResult
    primary: tuple[PrimaryContrast, ...]
    margin: float
    exploratory: bool


def tested_table(results: Results, target: str) -> TestedTable | None:
    """Test the complete rows of a target; None where there are no item scores to test by.

    Raises:
        PredictionsError: The predictions of two rows are on other items.
    """
    if results.predictions is None:
        return None
    items = item_table(results.board, target, results.predictions)
    if items is None:
        return None
    found = results.of(COLLAPSES, target)
    return _tested(results.board, target, items, found.runs if found else ())


def _tested(board: Board, target: str, items: ItemTable, collapses: Sequence[Collapse]) -> TestedTable:
    plan, scale = board.analysis, board.metrics[target][0].scale
    level = level_of_look((*plan.looks, len(board.seeds)), plan.planned_seeds or len(board.seeds))
    factor = max(1, len(plan.contrasts)) * len(board.targets) * ALPHA / (level or ALPHA)
    contrasts = Contrasts.of(items.influence_values(), PrefixTree(_paths(board, target, items)))
    sets = sets_of(items.orders)
    collapsed = _collapsed(board, items.sequences, collapses)
    runs = Runs(
        contrasts=contrasts,
        sets=sets,
        baseline=items.orders.index(()) if () in items.orders else None,
        collapsed=collapsed,
        margin=plan.equivalence_margin / scale.factor,
        factor=factor if "order" in plan.contrasts else 1.0,
        baseline_factor=factor if "baseline" in plan.contrasts else 1.0,
        sign=board.metrics[target][0].sign,
    )
    result = analyze_table(runs)
    named = [contrast for contrast in plan.contrasts if isinstance(contrast, NamedContrast)]
    return TestedTable(
        sequences=items.sequences,
        orders=items.orders,
        sets=sets,
        contrasts=contrasts,
        collapsed=collapsed,
        result=result,
        primary=tuple(_primary(contrast, items.orders, runs, result, factor) for contrast in named),
        margin=runs.margin,
        exploratory=level is None,
    )


def sets_of(orders: Sequence[Order]) -> tuple[tuple[int, ...], ...]:
    """Return the sets of at least two rows that hold the same tasks."""
    found: dict[Order, list[int]] = {}
    for row, order in enumerate(orders):
        found.setdefault(tuple(sorted(order)), []).append(row)
    return tuple(tuple(rows) for rows in found.values() if len(rows) > 1)


def _paths(board: Board, target: str, items: ItemTable) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return each row's stages before the target's: by task and settings, or each row's own."""
    rows = {row.sequence: row for row in board.rows_of(target)}
    found = []
    for sequence in items.sequences:
        row = rows[sequence]
        settings: Sequence[str] = row.seeds[0].config_hash
        if board.analysis.share == "none":
            settings = [sequence] * len(row.order)
        elif len(settings) <= len(row.order):
            settings = [""] * len(row.order)
        found.append(tuple(zip(row.order, settings, strict=False)))
    return tuple(found)


def _collapsed(board: Board, sequences: Sequence[str], collapses: Sequence[Collapse]) -> Booleans:
    found = {(run.sequence, run.seed) for run in collapses if run.whole}
    return np.array([[(name, seed) in found for seed in board.seeds] for name in sequences], np.bool_)


def _primary(
    contrast: NamedContrast, orders: tuple[Order, ...], runs: Runs, result: TableResult, factor: float
) -> PrimaryContrast:
    weights = _weights(contrast, orders)
    if weights is None:
        return PrimaryContrast(name=str(contrast), effect=None)
    family = Family(margin=runs.margin, factor=factor)
    affected = np.asarray(runs.collapsed.any(axis=1), np.bool_)
    (effect,) = judge(result.exploratory, weights[None], family, affected)
    return PrimaryContrast(name=str(contrast), effect=effect)


def _weights(contrast: NamedContrast, orders: tuple[Order, ...]) -> Floats | None:
    if contrast.pair:
        if contrast.pair[0] == contrast.pair[1] or not {*contrast.pair} <= {*orders}:
            return None
        weights = np.zeros(len(orders))
        weights[orders.index(contrast.pair[0])], weights[orders.index(contrast.pair[1])] = 1.0, -1.0
        return weights
    if contrast.before:
        condition = before(*contrast.before)
    else:
        condition = at(contrast.last, -1) if contrast.last else at(str(contrast.first), 0)
    weights, sets = condition_weights(orders, condition)
    return weights if sets else None
