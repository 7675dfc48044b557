import hashlib
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness.metrics.item_file import read_predictions
from harness.metrics.item_scores import PredictionsError
from harness.report.index import render_index
from harness.report.pictures.picture import draw_pictures
from harness.report.publish import LeaderboardFolderError, make_folder, publish, sequence_link
from harness.report.table import Table
from harness.report.verify import verify
from tests.report.experiments import board, columns, experiment, provenance, scored_row


@pytest.fixture
def evaluations(tmp_path) -> Path:
    folder = tmp_path / "evaluations"
    folder.mkdir()
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_writes_page_json_predictions_and_index_and_nothing_else(tmp_path, evaluations):
    made = experiment(evaluations)
    published = publish(made.board, tmp_path / "leaderboards", made.predictions)
    kinds = ("before", "deltas", "forest", "languages")
    pictures = {f"rte-paraphrase-xnli.xnli.{kind}.{form}" for kind in kinds for form in ("png", "svg")}
    endings = ("bib", "csv", "html", "json", "md", "narrow.tex", "predictions.parquet", "seeds.csv", "tex")
    assert set(content(tmp_path / "leaderboards")) == {
        "README.md",
        "index.html",
        *(f"rte-paraphrase-xnli.{ending}" for ending in endings),
        *pictures,
    }
    assert "[rte-paraphrase-xnli](rte-paraphrase-xnli.md)" in published.index.read_text()


def test_same_content_gives_the_same_bytes(tmp_path, evaluations):
    made = experiment(evaluations)
    for folder in ("a", "b"):
        publish(made.board, tmp_path / folder, made.predictions)
    first = content(tmp_path / "a")
    assert first == content(tmp_path / "b")
    publish(made.board, tmp_path / "a", made.predictions)
    assert first == content(tmp_path / "a")


def test_pictures_are_drawn_again_only_where_something_of_them_differs(tmp_path, evaluations, monkeypatch):
    drawn = []

    def counting(publication):
        drawn.append(publication.board.name)
        return draw_pictures(publication)

    monkeypatch.setattr("harness.report.publish.draw_pictures", counting)
    made, folder = experiment(evaluations), tmp_path / "leaderboards"
    publish(made.board, folder, made.predictions)
    whole = content(folder)
    publish(made.board, folder, made.predictions)
    assert len(drawn) == 1 and content(folder) == whole
    picture = next(folder.glob("*.deltas.png"))
    for damage in (picture.unlink, lambda: picture.write_bytes(b"another")):
        drawn.clear()
        damage()
        publish(made.board, folder, made.predictions)
        assert len(drawn) == 1 and content(folder) == whole

    publish(made.board.model_copy(update={"note": "changed"}), folder, made.predictions)
    assert len(drawn) == 2


def test_predictions_of_a_real_size_stay_small(tmp_path, evaluations):
    made = experiment(evaluations, items=5010)
    published = publish(made.board, tmp_path / "leaderboards", made.predictions)
    assert published.publication.predictions.count == 15 * 6 * 5010
    assert published.predictions.stat().st_size < 300_000


def test_stored_predictions_are_the_evaluations_own(tmp_path, evaluations):
    made = experiment(evaluations)
    published = publish(made.board, tmp_path / "leaderboards", made.predictions)
    stored = read_predictions(published.predictions)
    row = made.board.rows[3]
    source = pq.read_table(made.predictions[row.seeds[1].evaluation_digest]).to_pandas()
    swahili = source[source.task == "xtreme_xnli_sw"]
    kept = stored[row.sequence, 2]["xtreme_xnli_sw"]
    assert kept.predictions.decoded().tolist() == swahili.prediction.tolist()
    assert kept.references.decoded().tolist() == swahili.reference.tolist()
    assert kept.items.decoded().tolist() == swahili["item"].tolist()


def test_a_score_that_its_predictions_do_not_give_is_refused(tmp_path, evaluations):
    made = experiment(evaluations)
    result = made.board.rows[1].seeds[0]
    wrong = result.model_copy(update={"scores": {**result.scores, "xtreme_xnli_de": 0.5}})
    rows = list(made.board.rows)
    rows[1] = rows[1].model_copy(update={"seeds": (wrong, *rows[1].seeds[1:])})
    changed = made.board.model_copy(update={"rows": tuple(rows)})
    with pytest.raises(PredictionsError, match=r"rte → xnli, seed 1, xtreme_xnli_de: its accuracy is 0\.5"):
        publish(changed, tmp_path / "leaderboards", made.predictions)
    assert not (tmp_path / "leaderboards" / "rte-paraphrase-xnli.md").exists()


def test_an_evaluation_without_predictions_is_refused(tmp_path, evaluations):
    made = experiment(evaluations)
    some = dict(list(made.predictions.items())[1:])
    with pytest.raises(PredictionsError, match=r"xnli, seed 1: its evaluation has no predictions file"):
        publish(made.board, tmp_path / "leaderboards", some)


def test_checkpoints_scored_on_other_items_are_not_mixed(tmp_path, evaluations):
    made = experiment(evaluations)
    path = made.predictions[made.board.rows[2].seeds[0].evaluation_digest]
    table = pq.read_table(path)
    ids = [f"other-{item}" for item in table["item"].to_pylist()]
    pq.write_table(table.set_column(table.column_names.index("item"), "item", [ids]), path)
    with pytest.raises(PredictionsError, match=r"pawsx → xnli, seed 1.*other items"):
        publish(made.board, tmp_path / "leaderboards", made.predictions)


def test_publishing_without_predictions_removes_old_ones(tmp_path, evaluations):
    made = experiment(evaluations)
    folder = tmp_path / "leaderboards"
    publish(made.board, folder, made.predictions)
    published = publish(made.board, folder)
    assert published.predictions is None
    assert not list(folder.glob("*.parquet"))
    assert "No difference is tested" in published.markdown.read_text()


def test_index_lists_every_board_by_name_and_is_the_same_in_any_order(tmp_path):
    languages = {"xnli": columns("xnli", ("en", "de")), "pawsx": columns("pawsx", ("en",))}
    rows = [
        scored_row((), {1: {"en": 0.5, "de": 0.4}}),
        scored_row(("rte",), {1: {"en": 0.6, "de": 0.5}}),
        scored_row((), {1: None}, "pawsx"),
    ]
    boards = [
        board(rows, languages, (1,), name=name, provenance=provenance(limited=limited))
        for name, limited in (("zeta", None), ("alpha", 50))
    ]
    for made in boards:
        publish(made, tmp_path / "one")
    for made in reversed(boards):
        publish(made, tmp_path / "two")
    (tmp_path / "one" / "other.json").write_text('{"unrelated": 1}')
    text = render_index(tmp_path / "one")
    assert text == (tmp_path / "two" / "README.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("| [")]
    assert [line.split("]")[0] for line in lines] == ["| [alpha", "| [alpha", "| [zeta", "| [zeta"]
    assert "(limited to 50 items)" in lines[0]
    assert "rte → xnli" in lines[2]
    assert "+10.0" in lines[2]
    assert "2026-01-14" in lines[2]
    assert "no complete row" in lines[3]
    assert all("| not compared" in line for line in lines)


def test_the_index_says_whether_order_matters_and_which_rows_may_be_the_best(tmp_path, evaluations):
    cells = []
    for number, effects in enumerate((0.0, [0, 0, 0, 2.0, 0])):
        made = experiment(evaluations, effects=effects, seed=4)
        text = publish(made.board, tmp_path / str(number), made.predictions).index.read_text()
        cells.append(Table.cells(next(line for line in text.splitlines() if line.startswith("| ["))))
    assert cells[0][2:6] == ["xnli", "embedded:e5-small", "pawsx, rte", "3"]
    assert cells[0][7].startswith("not significant, p 0.")
    assert cells[0][8].endswith(", or one of 4 others")
    assert cells[1][7].startswith("significant, p ")
    assert cells[1][7].endswith("(1 of 1 pair)")
    assert cells[1][8] == "rte → pawsx → xnli"


def test_a_damaged_board_does_not_stop_others_from_being_published(tmp_path, evaluations):
    folder = tmp_path / "leaderboards"
    made = experiment(evaluations)
    publish(made.board, folder, made.predictions)
    (folder / "broken.json").write_text('{"format": "xstilts-leaderboard-3", "board": 3}')
    index = publish(made.board, folder, made.predictions).index.read_text()
    assert any("broken" in line and "cannot be read" in line for line in index.splitlines())


def test_the_sequence_file_is_linked_only_inside_the_project(tmp_path):
    leaderboards = tmp_path / "project" / "leaderboards"
    inside = tmp_path / "project" / "sequences" / "a.yaml"
    outside = tmp_path / "elsewhere.yaml"
    for path in (inside, outside):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("name: a\n")
    leaderboards.mkdir()

    def link(file):
        sha256 = hashlib.sha256(b"name: a\n").hexdigest()
        return sequence_link(provenance(sequence_file=str(file), sequence_sha256=sha256), leaderboards)

    assert link(inside) == link("sequences/a.yaml") == "../sequences/a.yaml"
    assert link(outside) is None
    inside.write_text("name: a  # edited since\n")
    assert link(inside) is None
    shutil.rmtree(inside.parent)
    assert link("sequences/a.yaml") is None


def test_a_board_whose_runs_all_failed_is_still_published(tmp_path):
    rows = [scored_row((), {1: None}), scored_row(("rte",), {1: None})]
    made = board(rows, {"xnli": columns("xnli", ("en", "de"))}, (1,))
    published = publish(made, tmp_path / "leaderboards", {})
    text = published.markdown.read_text()
    assert "No conclusion" in text
    assert "- rte → xnli, seed 1: RunError: loss is not finite" in text
    assert verify(published.markdown).differences == []


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LeaderboardFolderError, match=r"file/boards: .*Not a directory.*--leaderboards"):
        make_folder(tmp_path / "file" / "boards")
