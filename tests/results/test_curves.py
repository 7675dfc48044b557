import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results.curves import POINTS, StageCurve

LOGS = st.lists(st.tuples(st.integers(1, 50), st.floats(0, 20)), min_size=1, max_size=120)


@given(LOGS)
def test_a_shortened_log_covers_all_steps_and_keeps_the_mean_loss(log):
    points, step = [], 0
    for width, loss in log:
        step += width
        points.append((step, loss))
    curve = StageCurve.of(("rte", "xnli"), 1, points)
    assert len(curve.steps) <= POINTS
    assert curve.steps[-1] == step
    widths = [after - before for before, after in zip((0, *curve.steps), curve.steps, strict=False)]
    mean = sum(width * loss for width, loss in zip(widths, curve.losses, strict=True)) / step
    assert mean == pytest.approx(sum(width * loss for width, loss in log) / step, abs=1e-4)


def test_a_short_log_stays_as_it_is():
    assert StageCurve.of(("rte",), 2, [(3, 0.5), (6, 0.25)]).losses == (0.5, 0.25)


@pytest.mark.parametrize("steps", [(2, 1), (1, 1), (1,)])
def test_steps_rise_and_each_has_a_loss(steps):
    with pytest.raises(ValueError, match="rte"):
        StageCurve(stages=("rte",), seed=1, steps=steps, losses=(0.5, 0.25))
