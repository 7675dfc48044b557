"""Learning curves: the training loss of each task, by how many stages came before it."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.report.pictures.style import BLUE, GREY, ORANGE
from harness.results.curves import StageCurve

_MOST_TASKS = 12
_COLUMNS = 3
# Line, marker and color each tell the lines from each other, so that any two of them may be lost in print.
_LINES = (
    ("-", "o", BLUE),
    ("--", "s", ORANGE),
    (":", "^", GREY),
    ("-.", "D", "#009E73"),
    ("-", "x", "#CC79A7"),
)


def draw_curves(curves: Sequence[StageCurve]) -> Figure | None:
    """Draw a panel for each task, with a line for each number of stages before it; None without curves.

    A line is the mean over seeds and over the sequences that have as many stages before the task. Of more
    numbers of stages than there are kinds of lines, the greatest are drawn as one.
    """
    tasks = list(dict.fromkeys(curve.stages[-1] for curve in sorted(curves, key=lambda c: len(c.stages))))
    tasks = tasks[:_MOST_TASKS]
    if not tasks:
        return None
    columns = min(_COLUMNS, len(tasks))
    rows = math.ceil(len(tasks) / columns)
    figure = Figure(figsize=(0.6 + 2.7 * columns, 0.9 + 2.0 * rows))
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False).flat
    for axes in panels[len(tasks) :]:
        axes.set_visible(False)
    for axes, task in zip(panels, tasks, strict=False):
        _draw(axes, [curve for curve in curves if curve.stages[-1] == task])
        axes.set_title(task)
    for axes in panels[max(0, len(tasks) - columns) : len(tasks)]:
        axes.set_xlabel("% of the stage's steps")
        axes.xaxis.set_tick_params(labelbottom=True)
    figure.supylabel("training loss", fontsize="medium")
    handles = {
        label: line for axes in panels for line, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        [handles[label] for label in sorted(handles)],
        sorted(handles),
        loc="outside lower center",
        ncols=len(handles),
        frameon=False,
    )
    figure.set_layout_engine("constrained")
    return figure


def _draw(axes: Axes, curves: Sequence[StageCurve]) -> None:
    last = len(_LINES) - 1
    for before, (line, marker, color) in enumerate(_LINES):
        own = [curve for curve in curves if min(len(curve.stages) - 1, last) == before]
        if not own:
            continue
        shares = np.array(own[0].steps) / own[0].steps[-1]
        losses = [np.interp(shares, np.array(curve.steps) / curve.steps[-1], curve.losses) for curve in own]
        axes.plot(
            100 * shares,
            np.mean(losses, axis=0),
            linestyle=line,
            marker=marker,
            color=color,
            markersize=3,
            linewidth=1.2,
            label=_label(before, last),
        )
    axes.set_xlim(0, 102)
    axes.set_ylim(bottom=0, top=axes.get_ylim()[1] * 1.05)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)


def _label(before: int, last: int) -> str:
    if before == 0:
        return "0 stages before"
    return f"{before}{' or more' if before == last else ''} before"
