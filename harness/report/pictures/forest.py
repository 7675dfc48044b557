"""Forest plot: each sequence's average and its difference to target-only, with 95% intervals."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.report.pictures.style import BLUE, GREY, MOST_ROWS, ORANGE
from harness.report.sections.scores.statistics import RowStatistics, TargetStatistics
from harness.report.sections.scores.table import sequence_label
from harness.statistics.verdict import Interval

_Mark = tuple[int, float, Interval | None]


def draw_forest(table: TargetStatistics) -> Figure | None:
    """Draw the rows, best on top, those without an interval as points; None where none has one.

    A difference that is not significant is grey and hollow; better than target-only it is blue and round,
    worse orange and square.
    """
    rows, metric = [row for row in table.rows if row.average is not None][:MOST_ROWS], table.metrics[0]
    factor, unit = metric.scale.factor, f", {metric.unit}" if metric.unit else ""
    if not any(row.average_interval for row in rows):
        return None
    with_deltas = any(row.effect for row in rows)
    figure = Figure(figsize=(7.4 if with_deltas else 4.6, 1.0 + 0.3 * len(rows)))
    panels = figure.subplots(1, 2 if with_deltas else 1, sharey=True, squeeze=False)[0]
    averages = panels[0]
    for mark in _averages(rows):
        _draw(averages, mark, BLUE, "o", factor, filled=True)
    averages.set_yticks(range(len(rows)), [sequence_label(row) for row in rows])
    averages.set_ylim(len(rows) - 0.5, -0.5)
    averages.set_title(f"average {metric.noun}{unit}")
    if with_deltas:
        deltas = panels[1]
        deltas.axvline(0, color=GREY, linewidth=0.8, linestyle="--")
        for number, effect in enumerate(row.effect for row in rows):
            if effect is None:
                continue
            mark = (number, effect.difference, effect.interval)
            undecided, better = not effect.significant, metric.sign * mark[1] > 0
            color = GREY if undecided else BLUE if better else ORANGE
            _draw(deltas, mark, color, "o" if undecided or better else "s", factor, filled=not undecided)
        deltas.set_title(f"{metric.scale.unit or metric.noun} above target-only")
        deltas.tick_params(axis="y", length=0)
    for axes in panels:
        axes.grid(axis="x", color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
    figure.tight_layout()
    return figure


def _averages(rows: Sequence[RowStatistics]) -> list[_Mark]:
    return [
        (number, row.average.mean, row.average_interval) for number, row in enumerate(rows) if row.average
    ]


def _draw(axes: Axes, mark: _Mark, color: str, marker: str, factor: float, *, filled: bool) -> None:
    number, mean, interval = mark
    if interval is not None:
        ends = [interval.low * factor, interval.high * factor]
        axes.plot(ends, [number, number], color=color, linewidth=1.6)
    face = color if filled else "white"
    axes.plot([mean * factor], [number], marker, color=color, markerfacecolor=face, markersize=5)
