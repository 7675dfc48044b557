"""Languages by family: how well each does with and without intermediate training."""

from collections.abc import Sequence
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.report.pictures.style import BLUE, GREY
from harness.report.sections.languages.transfer import LanguageScore
from harness.results.target_metric import TargetMetric

_OTHERS = "family not listed"
_INCHES_A_LANGUAGE = 0.24


def draw_languages(languages: Sequence[LanguageScore], metric: TargetMetric) -> Figure | None:
    """Draw each language's score, family by family, the best first; None where fewer than two have one.

    A hollow square is training on the target alone, a filled circle the mean of the sequences with
    intermediate tasks; without a target-only row or without others, the circle is the mean of all.
    """
    scored = [language for language in languages if language.score is not None]
    if len(scored) < 2:
        return None
    families = [list(group) for _, group in groupby(sorted(scored, key=_family), key=_family)]
    families.sort(key=lambda group: -metric.sign * max(metric.sign * _score(own) for own in group))
    height = 0.9 + _INCHES_A_LANGUAGE * len(scored)
    figure = Figure(figsize=(6.2, height))
    axes = figure.subplots()
    names, place = [], 0
    for number, group in enumerate(families):
        group.sort(key=lambda own: -metric.sign * _score(own))
        if number % 2 == 0:
            axes.axhspan(place - 0.5, place + len(group) - 0.5, color="#f0f0f0", zorder=0)
        middle = place + (len(group) - 1) / 2
        axes.text(1.01, middle, _family(group[0]), transform=axes.get_yaxis_transform(), va="center")
        for language in group:
            _draw(axes, place, language, metric.scale.factor)
            names.append(f"{language.name} ({language.language})")
            place += 1
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(f"{metric.noun}, {metric.unit}" if metric.unit else metric.noun)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    handles, labels = axes.get_legend_handles_labels()
    shown = dict(zip(labels, handles, strict=True))
    axes.legend(shown.values(), shown, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
    figure.set_layout_engine("constrained")
    return figure


def _draw(axes: Axes, place: int, language: LanguageScore, factor: float) -> None:
    mean, label = _score(language), "mean of all sequences"
    if language.target_only is not None and language.gain is not None:
        alone = language.target_only
        mean, label = alone + language.gain, "mean of the sequences with intermediate tasks"
        axes.plot([alone * factor, mean * factor], [place, place], color=GREY, linewidth=0.8)
        square = axes.plot([alone * factor], [place], "s", color=GREY, markersize=5, label="target only")
        square[0].set_markerfacecolor("white")
    axes.plot([mean * factor], [place], "o", color=BLUE, markersize=5, label=label)


def _family(language: LanguageScore) -> str:
    return language.family or _OTHERS


def _score(language: LanguageScore) -> float:
    return 0.0 if language.score is None else language.score
