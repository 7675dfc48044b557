"""Heat map of sequences and languages: score above or below training on the target alone."""

import numpy as np
from matplotlib.figure import Figure

from harness.report.pictures.matrix import draw_matrix
from harness.report.pictures.style import MOST_ROWS
from harness.report.sections.scores.statistics import RowStatistics, TargetStatistics
from harness.report.table import column_names

_WIDTH = 0.52


def draw_heat_map(table: TargetStatistics) -> Figure | None:
    """Draw the differences in points, best average on top; None without a baseline or another row."""
    baseline = table.baseline
    rows = [row for row in table.rows if not row.baseline and row.average is not None][:MOST_ROWS]
    if baseline is None or baseline.average is None or not rows:
        return None
    tasks = [column.task for column in table.languages]
    deltas = np.array([[_mean(row, task) - _mean(baseline, task) for task in tasks] for row in rows])
    metric = table.metrics[0]
    figure = Figure(figsize=(2.6 + _WIDTH * len(tasks), 1.1 + 0.3 * len(rows)))
    draw_matrix(
        figure.subplots(),
        deltas,
        [row.sequence for row in rows],
        column_names(table.languages),
        metric,
        inches=_WIDTH,
        label=f"{metric.scale.unit or metric.noun} above target-only",
        font_size=8,
    )
    return figure


def _mean(row: RowStatistics, task: str) -> float:
    spread = row.languages[task]
    assert spread is not None, "a row with an average has every language"
    return spread.mean
