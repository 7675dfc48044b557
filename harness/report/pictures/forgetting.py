"""Forgetting matrix: what each later stage does to the tasks trained before it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from harness.report.pictures.matrix import draw_matrix
from harness.report.sections.forgetting import StageChange
from harness.results.target_metric import TargetMetric

_WIDTH = 0.8
SHARE = TargetMetric(name="score", title="score", unit="%", higher_is_better=True, aggregate="mean")


def draw_forgetting(changes: Sequence[StageChange]) -> Figure | None:
    """Draw the mean change of each earlier task (row) over the stage that trains another one (column)."""
    if not changes:
        return None
    tasks = list(dict.fromkeys(change.task for change in changes))
    stages = list(dict.fromkeys(change.stage for change in changes))
    values = np.full((len(tasks), len(stages)), np.nan)
    for change in changes:
        values[tasks.index(change.task), stages.index(change.stage)] = change.change
    figure = Figure(figsize=(2.6 + _WIDTH * len(stages), 1.2 + 0.55 * len(tasks)))
    axes = figure.subplots()
    axes.set_facecolor("#eeeeee")
    draw_matrix(axes, values, tasks, stages, SHARE, inches=0.9 * _WIDTH, label="points")
    axes.set_ylabel("change of this earlier task …")
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("… over the stage that trains this one")
    return figure
