"""Heat map of sequences and languages: score above or below training on the target alone."""

import numpy as np
from matplotlib.figure import Figure

from harness.report.pictures.style import MOST_ROWS, better_is_blue, name_columns
from harness.report.sections.scores.statistics import RowStatistics, TargetStatistics
from harness.report.table import column_names

_MOST_NUMBERED = 40
_DARK = 0.6
_WIDTH = 0.52


def draw_heat_map(table: TargetStatistics) -> Figure | None:
    """Draw the differences in points, best average on top; None without a baseline or another row."""
    baseline = table.baseline
    rows = [row for row in table.rows if not row.baseline and row.average is not None][:MOST_ROWS]
    if baseline is None or baseline.average is None or not rows:
        return None
    tasks = [column.task for column in table.languages]
    deltas = np.array([[_mean(row, task) - _mean(baseline, task) for task in tasks] for row in rows])
    metric, scale = table.metrics[0], table.metrics[0].scale
    limit = max(float(np.abs(deltas).max()), 0.001)
    figure = Figure(figsize=(2.6 + _WIDTH * len(tasks), 1.1 + 0.3 * len(rows)))
    axes = figure.subplots()
    image = axes.imshow(deltas, cmap=better_is_blue(metric), vmin=-limit, vmax=limit, aspect="auto")
    axes.set_yticks(range(len(rows)), [row.sequence for row in rows])
    name_columns(axes, column_names(table.languages), _WIDTH)
    axes.spines[:].set_visible(False)
    if len(rows) <= _MOST_NUMBERED:
        for (row, column), value in np.ndenumerate(deltas):
            color = "white" if abs(value) > _DARK * limit else "black"
            axes.text(column, row, scale.difference(value), ha="center", va="center", color=color, fontsize=8)
    bar = figure.colorbar(image, ax=axes, pad=0.02, format=lambda value, _: scale.difference(value))
    bar.set_label(f"{scale.unit or metric.noun} above target-only")
    bar.outline.set_visible(False)
    return figure


def _mean(row: RowStatistics, task: str) -> float:
    spread = row.languages[task]
    assert spread is not None, "a row with an average has every language"
    return spread.mean
