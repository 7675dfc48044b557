"""How all pictures look, and how a figure becomes bytes that are the same every time."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from harness.results.target_metric import TargetMetric

# Okabe & Ito's palette, which holds under all common kinds of color blindness
# (https://jfly.uni-koeln.de/color/).
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#595959"
_DIVERGING = "RdBu"
_RC: dict[RcKeyType, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    # An opaque ground is readable on light and on dark pages alike.
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.0,
    "svg.fonttype": "path",
    "svg.hashsalt": "xstilts",
    # Names of tasks are text, whatever signs they hold.
    "text.parse_math": False,
}
_DOTS_PER_INCH = 150
# Of DejaVu Sans at 9 points, with room between two names.
_INCHES_A_LETTER = 0.088
# Of more sequences the best are drawn: a picture of hundreds is neither seen whole nor drawn soon.
MOST_ROWS = 60


def better_is_blue(metric: TargetMetric) -> str:
    """Return the color map of differences: blue where better, red where worse."""
    return _DIVERGING if metric.higher_is_better else f"{_DIVERGING}_r"


def name_columns(axes: Axes, names: Sequence[str], inches: float) -> None:
    """Name columns above them, slanted where a name is wider than its column of so many inches."""
    axes.set_xticks(range(len(names)), names)
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    if max(map(len, names)) * _INCHES_A_LETTER > inches:
        for label in axes.get_xticklabels():
            label.set(rotation=40, ha="left", rotation_mode="anchor")


def drawn(draw: Callable[[], Figure | None]) -> tuple[bytes, bytes] | None:
    """Draw a figure and return it as SVG and PNG, undated, so that the same gives the same bytes."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        figure = draw()
        if figure is None:
            return None
        svg, png = io.BytesIO(), io.BytesIO()
        figure.savefig(svg, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
        figure.savefig(
            png, format="png", bbox_inches="tight", dpi=_DOTS_PER_INCH, metadata={"Software": None}
        )
    return svg.getvalue(), png.getvalue()
