"""Matrix of tasks: what it does to train the row's task before the column's, for the same tasks."""

import numpy as np
from matplotlib.figure import Figure

from harness.report.pictures.matrix import draw_matrix
from harness.results.target_metric import TargetMetric
from harness.statistics.place_effects import PlaceEffects

_WIDTH = 0.8
_BEFORE = "before "


def draw_before_matrix(effects: PlaceEffects | None, metric: TargetMetric) -> Figure | None:
    """Draw the effects of A before B; a star marks significant ones. None without effects."""
    if effects is None or not effects.effects:
        return None
    pairs = {
        (place.task, place.place.removeprefix(_BEFORE)): (-1 if place.reverse else 1, own.effect)
        for own in effects.effects
        for place in own.places
    }
    tasks = list(dict.fromkeys(task for pair in pairs for task in pair))
    values = np.full((len(tasks), len(tasks)), np.nan)
    starred = np.zeros_like(values, dtype=np.bool_)
    for (first, second), (sign, effect) in pairs.items():
        a, b = tasks.index(first), tasks.index(second)
        values[a, b], values[b, a] = sign * effect.difference, -sign * effect.difference
        starred[a, b] = starred[b, a] = effect.significant
    figure = Figure(figsize=(2.4 + _WIDTH * len(tasks), 1.2 + 0.55 * len(tasks)))
    axes = figure.subplots()
    axes.set_facecolor("#eeeeee")
    # The color bar takes a part of the width that the figure has for a task.
    label = metric.scale.unit or metric.noun
    draw_matrix(axes, values, tasks, tasks, metric, inches=0.9 * _WIDTH, label=label, starred=starred)
    axes.set_ylabel("this task trained …")
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("… before this one, instead of after it")
    return figure
