import io
import itertools
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from harness.report.pictures.before_matrix import draw_before_matrix
from harness.report.pictures.forest import draw_forest
from harness.report.pictures.heat_map import draw_heat_map
from harness.report.pictures.picture import draw_pictures
from harness.report.pictures.style import BLUE, GREY, ORANGE, drawn
from harness.report.publication import compile_publication
from harness.report.publish import publish
from harness.report.sections.order.section import ORDER
from harness.report.sections.scores.section import SCORES
from tests.report.experiments import ACCURACY, board, columns, experiment, scored_row


@pytest.fixture(scope="module")
def publication(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    made = experiment(folder, items=300, effects=[0, 1.0, -0.6, 0, 0])
    return publish(made.board, folder / "boards", made.predictions).publication


def draw(publication):
    return draw_pictures(publication)


def test_the_same_numbers_give_the_same_bytes(publication):
    first, second = draw(publication), draw(publication)
    assert [(d.svg, d.png) for d in first] == [(d.svg, d.png) for d in second]
    assert tuple(d.picture for d in first) == publication.pictures


def test_files_are_svg_and_png_on_an_opaque_ground_without_a_date(publication):
    for drawing in draw(publication):
        assert ElementTree.fromstring(drawing.svg).tag == "{http://www.w3.org/2000/svg}svg"
        assert b"<dc:date>" not in drawing.svg
        image = np.asarray(Image.open(io.BytesIO(drawing.png)).convert("RGBA"))
        assert image.shape[1] > 300
        assert (image[..., 3] == 255).all()
        assert tuple(image[0, 0]) == (255, 255, 255, 255)


def test_the_heat_map_holds_the_difference_of_each_language_to_target_only(publication):
    table = publication.of(SCORES, "xnli")
    axes = draw_heat_map(table).axes[0]
    shown = axes.images[0].get_array()
    rows = [row for row in table.rows if not row.baseline]
    assert [label.get_text() for label in axes.get_yticklabels()] == [row.sequence for row in rows]
    task = table.languages[2].task
    expected = [row.languages[task].mean - table.baseline.languages[task].mean for row in rows]
    np.testing.assert_allclose(shown[:, 2], expected)
    assert shown.shape == (4, 6)


def test_the_forest_tells_above_below_and_undecided_by_colour_and_shape(publication):
    table = publication.of(SCORES, "xnli")
    deltas = draw_forest(table).axes[1]
    marks = {line.get_ydata()[0]: line for line in deltas.lines if line.get_marker() in ("o", "s")}
    found = {table.rows[number].sequence: line for number, line in marks.items()}
    assert (found["rte → xnli"].get_color(), found["rte → xnli"].get_marker()) == (BLUE, "o")
    assert (found["pawsx → xnli"].get_color(), found["pawsx → xnli"].get_marker()) == (ORANGE, "s")
    undecided = found["rte → pawsx → xnli"]
    assert (undecided.get_color(), undecided.get_markerfacecolor()) == (GREY, "white")
    row = next(row for row in table.rows if row.sequence == "rte → xnli")
    assert found["rte → xnli"].get_xdata()[0] == pytest.approx(row.delta.mean * 100, abs=1e-3)


def test_the_matrix_of_before_is_antisymmetric(publication):
    analysis = publication.of(ORDER, "xnli")
    values = draw_before_matrix(analysis.before, ACCURACY).axes[0].images[0].get_array()
    assert values.shape == (2, 2)
    assert values[0, 1] == -values[1, 0] == analysis.before.effects[0].effect.difference
    assert values.mask[0, 0]


def test_nothing_is_drawn_where_there_is_nothing_to_show():
    made = compile_publication(
        board([scored_row(("rte",), {1: {"en": 0.5}})], {"xnli": columns("xnli", ("en",))}, (1,)), None
    )
    assert draw(made) == []
    assert drawn(lambda: None) is None


def overlapping(figure):
    """Return neighboring column names that run into each other."""
    FigureCanvasAgg(figure).draw()
    labels = figure.axes[0].get_xticklabels()
    boxes = [label.get_window_extent() for label in labels]
    found = []
    for (one, box), (other, next_box) in itertools.pairwise(zip(labels, boxes, strict=True)):
        apart = next_box.x0 - box.x0
        angle = np.radians(one.get_rotation())
        height = one.get_fontsize() / 72 * figure.dpi
        if apart * np.sin(angle) < height if angle else box.x1 >= next_box.x0:
            found.append((one.get_text(), other.get_text()))
    return found


@pytest.mark.parametrize(
    "tasks", [("a", "b", "c"), ("commonsense_qa", "cosmos_qa", "hellaswag"), ("squad_v2", "rte")]
)
def test_names_of_columns_do_not_run_into_each_other(publication, tasks):
    analysis = publication.of(ORDER, "xnli")
    (one,) = analysis.before.effects
    places = [(a, f"before {b}") for a, b in itertools.combinations(tasks, 2)]
    effects = analysis.before.model_copy(
        update={
            "effects": tuple(
                one.model_copy(
                    update={"places": (one.places[0].model_copy(update={"task": task, "place": place}),)}
                )
                for task, place in places
            )
        }
    )
    assert overlapping(draw_before_matrix(effects, ACCURACY)) == []
    table = publication.of(SCORES, "xnli")
    assert overlapping(draw_heat_map(table)) == []
    twice = table.model_copy(
        update={"languages": tuple(c.model_copy(update={"language": "en"}) for c in table.languages)}
    )
    assert overlapping(draw_heat_map(twice)) == []
