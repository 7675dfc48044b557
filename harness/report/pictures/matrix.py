"""A matrix of differences as colored cells, which can be read without their colors."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from harness.report.pictures.style import better_is_blue, name_columns
from harness.results.target_metric import TargetMetric

# Of more rows than this the cells hold no numbers; those that are worse are hatched then.
_MOST_NUMBERED = 40
_DARK = 0.6
_SMALLEST_LIMIT = 0.001


def draw_matrix(
    axes: Axes,
    values: NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[str],
    metric: TargetMetric,
    *,
    inches: float,
    label: str,
    starred: NDArray[np.bool_] | None = None,
    font_size: float | None = None,
) -> None:
    """Draw differences of scores, blue where better and red where worse, with a color bar.

    Args:
        axes: What is drawn on.
        values: The differences as the metric gives them (a share, not points), (rows, columns); NaN is empty.
        rows: The names of the rows.
        columns: The names of the columns.
        metric: Of the scores.
        inches: Width of a column.
        label: Of the color bar.
        starred: Which cells have a star, (rows, columns).
        font_size: Of the numbers in the cells.
    """
    scale = metric.scale
    limit = max(float(np.nanmax(np.abs(values))), _SMALLEST_LIMIT)
    cells = np.ma.masked_invalid(values)
    image = axes.imshow(cells, cmap=better_is_blue(metric), vmin=-limit, vmax=limit, aspect="auto")
    axes.set_yticks(range(len(rows)), rows)
    name_columns(axes, columns, inches)
    axes.spines[:].set_visible(False)
    if len(rows) <= _MOST_NUMBERED:
        for (row, column), value in np.ndenumerate(values):
            if not np.isnan(value):
                color = "white" if abs(value) > _DARK * limit else "black"
                star = " *" if starred is not None and starred[row, column] else ""
                text = scale.difference(value) + star
                axes.text(column, row, text, ha="center", va="center", color=color, fontsize=font_size)
    else:
        worse = np.ma.masked_where(~(metric.sign * values < 0), values)
        edges = [np.arange(size + 1) - 0.5 for size in (len(columns), len(rows))]
        axes.pcolor(*edges, worse, hatch="////", alpha=0, linewidth=0)
        label += ", hatched: worse"
    bar = axes.figure.colorbar(image, ax=axes, pad=0.02, format=lambda value, _: scale.difference(value))
    bar.set_label(label)
    bar.outline.set_visible(False)
