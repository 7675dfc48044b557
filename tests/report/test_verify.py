import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from harness.cli.main import cli
from harness.report.index import INDEX, INDEX_PAGE, render_index, render_index_page
from harness.report.merge import merge
from harness.report.publication import read_publication
from harness.report.publish import publish
from harness.report.verify import verify
from harness.results.json_file import BoardFileError
from tests.report.experiments import LABELS, experiment, scored_row

SEQUENCE = "rte → pawsx → xnli"
FILES = ("markdown", "json", "index", "predictions")
COMMITTED = Path(__file__).parents[2] / "leaderboards"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    made = experiment(folder, items=60)
    rows = list(made.board.rows)
    rows[1] = scored_row(("rte",), {1: None, 2: None, 3: None})
    return publish(made.board.model_copy(update={"rows": tuple(rows)}), folder / "boards", made.predictions)


@pytest.fixture
def published(original, tmp_path):
    """A copy of the published files, for a test to change."""
    folder = shutil.copytree(original.markdown.parent, tmp_path / "boards")
    return replace(original, **{name: folder / getattr(original, name).name for name in FILES})


@pytest.fixture
def not_drawn(monkeypatch):
    """Pictures are held to their digests and not drawn again, as with other software."""
    monkeypatch.setattr("harness.report.verify.drawing_software", lambda: "matplotlib 99")


def other_digit(match: re.Match[str]) -> str:
    at = match.start("digit") - match.start()
    text = match.group()
    return f"{text[:at]}{(int(text[at]) + 1) % 10}{text[at + 1 :]}"


def change(path, pattern):
    """Change the one digit named `digit` in the first match of a pattern."""
    text, count = re.subn(pattern, other_digit, path.read_text(), count=1, flags=re.S)
    assert count == 1
    path.write_text(text)


def places(result):
    return [(found.file, found.row, found.column) for found in result.differences]


@pytest.mark.parametrize("ending", [".md", ".json", ""])
def test_an_untouched_leaderboard_holds(published, ending):
    result = verify(published.json.with_suffix(ending))
    assert result.differences == []
    assert result.predictions == 12 * 6 * 60
    assert result.numbers > 150


def test_a_changed_cell_of_the_page_is_named(published, not_drawn):
    before = published.markdown.read_text()
    change(published.markdown, rf"\| {SEQUENCE} \| [^|]*?(?P<digit>\d)")
    (found,) = verify(published.markdown).differences
    assert (found.file, found.row, found.column) == ("rte-paraphrase-xnli.md", SEQUENCE, "en")
    assert found.published != found.recomputed
    assert found.recomputed in before


@pytest.mark.parametrize(
    "pattern", [r"\[[+-](?P<digit>\d)", r"torch 2\.1(?P<digit>3)", r"\*\*Finding:.*?(?P<digit>\d)"]
)
def test_any_other_changed_digit_of_the_page_is_found(published, not_drawn, pattern):
    change(published.markdown, pattern)
    assert len(verify(published.markdown).differences) == 1


def test_a_changed_score_in_the_json_is_named(published, not_drawn):
    change(published.json, r'"pawsx",\s+"rte"\n.*?"xtreme_xnli_sw": 0\.(?P<digit>\d)')
    result = verify(published.markdown)
    assert ("rte-paraphrase-xnli.json", "pawsx → rte → xnli, seed 1", "xtreme_xnli_sw") in places(result)


@pytest.mark.parametrize(
    ("pattern", "row", "column"),
    [
        (r'"average": \{\s+"mean": 0\.(?P<digit>\d)', "xnli: ", "average.mean"),
        (r'"average_interval": \{\s+"low": 0\.\d+(?P<digit>\d)', "xnli: ", "average_interval.low"),
        (r'"effect": \{.*?"low": -?0\.\d+?(?P<digit>\d)', "", "effect.interval.low"),
        (r'"first": .*?"difference": -?0\.\d+(?P<digit>\d)', " / ", "effect.difference"),
    ],
)
def test_a_changed_statistic_in_the_json_is_named(published, not_drawn, pattern, row, column):
    change(published.json, pattern)
    result = verify(published.json)
    named = [(r, c) for file, r, c in places(result) if file == "rte-paraphrase-xnli.json"]
    assert any(row in found_row and found == column for found_row, found in named)


def test_a_section_that_was_taken_away_is_named(published, not_drawn):
    content = json.loads(published.json.read_text())
    del content["sections"]["languages"]
    published.json.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    assert ("rte-paraphrase-xnli.json", "", "languages") in places(verify(published.json))


def test_a_section_with_other_content_than_its_own_is_unreadable_until_it_is_computed_again(published):
    content = json.loads(published.json.read_text())
    content["sections"]["scores"]["xnli"]["rows"][0]["ties"] = 3
    published.json.write_text(json.dumps(content))
    with pytest.raises(BoardFileError, match=r"scores\.xnli\.rows\.0\.ties: .* `xstilts merge .* --replace"):
        read_publication(published.json)
    merge([published.json], published.json.parent, replace=True)
    assert verify(published.json).differences == []


@pytest.mark.parametrize(
    "pattern",
    [
        r'"torch": "2\.1(?P<digit>\d)',
        r'"stage_digest": "(?P<digit>\d)',
        r'"train_seconds": 6(?P<digit>\d)',
        r'"sequence_sha256": "(?P<digit>\d)',
        r'"model_fingerprint": "\w*?(?P<digit>\d)',
    ],
)
def test_a_changed_record_is_attributed_to_the_json_file_and_shown_on_the_page(published, not_drawn, pattern):
    change(published.json, pattern)
    found = places(verify(published.json))
    assert any(file.endswith(".md") for file, _, _ in found)
    assert ("rte-paraphrase-xnli.json", "", "sha256") in found


def test_a_changed_digest_on_the_page_is_not_attributed_to_the_json_file(published, not_drawn):
    change(published.markdown, r"rte-paraphrase-xnli\.json\), sha256 `\w*?(?P<digit>\d)")
    assert {file for file, _, _ in places(verify(published.markdown))} == {"rte-paraphrase-xnli.md"}


def test_a_changed_prediction_is_named_with_its_row_seed_and_task(published, not_drawn):
    table = pq.read_table(published.predictions)
    rows = table.to_pylist()
    right = next(
        row
        for row in rows
        if (row["sequence"], row["seed"], row["task"]) == (SEQUENCE, 2, "xtreme_xnli_th")
        and row["prediction"] == row["reference"]
    )
    right["prediction"] = next(label for label in LABELS if label != right["reference"])
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), published.predictions)
    found = places(verify(published.markdown))
    assert ("rte-paraphrase-xnli.predictions.parquet", "", "sha256") in found
    place = ("rte-paraphrase-xnli.predictions.parquet", f"{SEQUENCE}, seed 2", "xtreme_xnli_th: accuracy")
    assert place in found


def test_a_changed_item_score_is_named_and_the_scores_that_it_gives_as_well(published):
    table = pq.read_table(published.predictions)
    rows = table.to_pylist()
    checkpoint = (SEQUENCE, 2, "xtreme_xnli_th")
    own = [row for row in rows if (row["sequence"], row["seed"], row["task"]) == checkpoint]
    own[0]["numerator"] = 1 - own[0]["numerator"]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), published.predictions)
    differences = verify(published.markdown).differences
    assert any("1 of 60 item scores are not what the predictions give" in d.recomputed for d in differences)
    found = [(d.file, d.row, d.column) for d in differences]
    assert ("rte-paraphrase-xnli.json", f"{SEQUENCE}, seed 2", "xtreme_xnli_th") in found
    assert ("rte-paraphrase-xnli.md", SEQUENCE, "th") in found


def test_a_damaged_or_missing_predictions_file_is_reported(published, not_drawn):
    content = bytearray(published.predictions.read_bytes())
    content[len(content) // 2] ^= 0xFF
    published.predictions.write_bytes(content)
    assert any(file.endswith(".parquet") for file, _, _ in places(verify(published.markdown)))
    published.predictions.unlink()
    (found,) = verify(published.markdown).differences
    assert "there is no such predictions file" in found.recomputed


def test_a_checkpoint_without_predictions_is_named(published, not_drawn):
    table = pq.read_table(published.predictions)
    keep = [
        not (sequence == SEQUENCE and seed == 3)
        for sequence, seed in zip(table["sequence"].to_pylist(), table["seed"].to_pylist(), strict=True)
    ]
    pq.write_table(table.filter(pa.array(keep)), published.predictions)
    assert ("rte-paraphrase-xnli.json", f"{SEQUENCE}, seed 3", "xtreme_xnli_en") in places(
        verify(published.markdown)
    )


def test_a_changed_index_line_is_found(published, not_drawn):
    change(published.index, r"± (?P<digit>\d)")
    ((file, _, _),) = places(verify(published.markdown))
    assert file == "README.md"


def test_scores_without_predictions_do_not_pass(tmp_path):
    made = experiment(tmp_path, items=30)
    result = verify(publish(made.board, tmp_path / "boards").markdown)
    assert [found.column for found in result.differences] == ["predictions"]


def test_an_unreadable_json_is_a_difference_and_a_missing_one_an_error(published):
    published.json.write_text("{}")
    assert verify(published.markdown).differences[0].published == "unreadable"
    published.json.unlink()
    with pytest.raises(BoardFileError, match=r"there is no rte-paraphrase-xnli\.json"):
        verify(published.markdown)


def test_the_command_exits_1_and_names_the_place_only_when_something_differs(published):
    good = CliRunner().invoke(cli, ["verify", str(published.markdown)])
    assert good.exit_code == 0
    assert "all as published" in good.output
    change(published.markdown, rf"\| {SEQUENCE} \| [^|]*?(?P<digit>\d)")
    bad = CliRunner().invoke(cli, ["verify", str(published.markdown)])
    assert bad.exit_code == 1
    assert f"rte-paraphrase-xnli.md: {SEQUENCE}, en: published" in bad.output


@pytest.mark.parametrize("ending", ["csv", "tex", "html"])
def test_a_changed_digit_of_an_export_is_named(published, not_drawn, ending):
    path = published.markdown.with_suffix(f".{ending}")
    change(path, r"rte → xnli.*?(?P<digit>\d)" if ending == "csv" else r"\d\.(?P<digit>\d) ")
    assert {file for file, _, _ in places(verify(published.markdown))} == {path.name}


def test_a_missing_export_is_named(published, not_drawn):
    published.markdown.with_suffix(".csv").unlink()
    assert places(verify(published.markdown)) == [("rte-paraphrase-xnli.csv", "", "file")]


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_changed_or_missing_picture_is_named(published, not_drawn, ending):
    path = published.markdown.with_name(f"rte-paraphrase-xnli.xnli.forest.{ending}")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert (path.name, "", "sha256") in places(verify(published.markdown))
    path.unlink()
    assert (path.name, "", "sha256") in places(verify(published.markdown))


def test_a_picture_changed_together_with_its_digest_is_found_by_drawing_it_again(published):
    change(published.json, r'"svg_sha256": "\w*?(?P<digit>\d)')
    assert "svg_sha256" in " ".join(column for _, _, column in places(verify(published.json)))


def test_pictures_of_other_software_are_held_to_their_digests(published, not_drawn, monkeypatch):
    monkeypatch.setattr("harness.report.verify.draw_pictures", None)
    assert verify(published.markdown).differences == []


@pytest.mark.parametrize(
    ("pattern", "row", "column"),
    [
        (r'"order": \{\s+"verdict".*?"p": 0\.\d*(?P<digit>\d)', "xnli", "order.p"),
        (r'"smallest_p": 0\.\d*(?P<digit>\d)', "xnli", "smallest_p"),
        (r'"place": "before \w+".*?"difference": -?0\.\d*(?P<digit>\d)', "xnli", "difference"),
        (r'"detectable": 0\.\d*(?P<digit>\d)', "xnli", "power.detectable"),
        (r'"superiority": 0\.\d*(?P<digit>\d)', "xnli", "superiority"),
    ],
)
def test_a_changed_number_of_the_analysis_is_named(published, not_drawn, pattern, row, column):
    change(published.json, pattern)
    named = [(r, c) for file, r, c in places(verify(published.json)) if file.endswith(".json")]
    assert any(row in found_row and column in found for found_row, found in named), named


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted(COMMITTED.glob("*.predictions.parquet")), ids=lambda page: page.name)
def test_every_leaderboard_of_the_project_holds(page):
    result = verify(page)
    assert result.differences == []
    assert result.predictions > 0


def test_the_index_of_the_project_lists_its_leaderboards():
    assert (COMMITTED / INDEX).read_text() == render_index(COMMITTED)
    assert (COMMITTED / INDEX_PAGE).read_text() == render_index_page(COMMITTED)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["json", "md", "csv", "tex", "html", "predictions.parquet"])
def test_any_single_changed_digit_is_found(tmp_path, not_drawn, monkeypatch, ending):
    """Every digit of a small leaderboard's file, and every seventh byte of its predictions."""
    made = experiment(tmp_path, orders=((), ("rte",)), seeds=(1,), languages=("en", "de"), items=12)
    board = made.board.model_copy(update={"data": made.board.data[:1]})
    published = publish(board, tmp_path / "boards", made.predictions)
    path = published.markdown.with_suffix(f".{ending}")
    if ending in {"md", "csv", "tex", "html"}:
        # What is recomputed does not depend on these files, so once is enough.
        for function in ("compile_publication", "rendered_files"):
            _remember(monkeypatch, function)
    whole = path.read_bytes()
    if ending == "predictions.parquet":
        places = list(range(0, len(whole), 7))
    else:
        places = [place for place, byte in enumerate(whole) if 48 <= byte <= 57]
    if ending == "html":
        # Of the pictures within, which are long as books, one digit of a thousand.
        text = [place for place in places if len(_line_of(whole, place)) < 2_000]
        places = text + sorted(set(places) - set(text))[::1_000]
    assert len(places) > 30
    for place in places:
        changed = bytearray(whole)
        changed[place] = 48 + (whole[place] - 47) % 10 if 48 <= whole[place] <= 57 else whole[place] ^ 1
        path.write_bytes(changed)
        assert path.name in {found.file for found in verify(published.markdown).differences}, place


def _remember(monkeypatch, name):
    from harness.report import verify as module

    function, known = getattr(module, name), []

    def remembered(*arguments, **named):
        if not known:
            known.append(function(*arguments, **named))
        return known[0]

    monkeypatch.setattr(module, name, remembered)


def _line_of(content, place):
    return content[content.rfind(b"\n", 0, place) + 1 : content.find(b"\n", place)]
