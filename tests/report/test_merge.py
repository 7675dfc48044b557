import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from harness.cli.main import cli
from harness.metrics.item_file import read_predictions
from harness.metrics.item_scores import PredictionsError
from harness.report.merge import merge
from harness.report.publish import publish
from harness.report.verify import verify
from harness.results.combine import ConflictingEvaluationsError
from tests.report.experiments import experiment, provenance


@pytest.fixture
def pages(tmp_path):
    """Two published halves of one experiment, made on two machines; target-only stands on both."""
    made = experiment(
        tmp_path, orders=((), ("rte",), ("qqp",)), seeds=(1, 2), languages=("en", "de"), items=40
    )
    found = []
    for number, chosen in enumerate(((0, 1), (0, 2))):
        rows = tuple(made.board.rows[place] for place in chosen)
        changes = {
            "rows": rows,
            "name": f"half-{number}",
            "provenance": provenance(hardware=f"machine {number}"),
        }
        half = made.board.model_copy(update=changes)
        found.append(publish(half, tmp_path / f"boards-{number}", made.predictions).markdown)
    return found


def test_pages_become_one_that_verifies_and_names_its_parts_and_machines(pages, tmp_path):
    run = CliRunner().invoke(
        cli, ["merge", *map(str, pages), "--name", "whole", "--leaderboards", str(tmp_path / "whole")]
    )
    assert run.exit_code == 0, run.output
    page = tmp_path / "whole" / "whole.md"
    assert verify(page).differences == []
    text = page.read_text()
    assert "Combined from 2 leaderboards" in text
    assert all(f"machine {number}" in text for number in (0, 1))
    stored = read_predictions(page.with_name("whole.predictions.parquet"))
    assert sorted(stored) == sorted(
        (sequence, seed) for sequence in ("xnli", "rte → xnli", "qqp → xnli") for seed in (1, 2)
    )


def test_duplicates_with_other_answers_are_refused_even_where_the_scores_agree(pages, tmp_path):
    data = pages[1].with_name("half-1.json")
    path = pages[1].with_name("half-1.predictions.parquet")
    table = pq.read_table(path)
    rows = table.to_pylist()
    first = [
        row for row in rows if row["sequence"] == "xnli" and row["seed"] == 1 and row["task"].endswith("de")
    ]
    right = next(row for row in first if row["prediction"] == row["reference"])
    wrong = next(row for row in first if row["prediction"] != row["reference"])
    right["prediction"], wrong["prediction"] = wrong["prediction"], wrong["reference"]
    right["numerator"], wrong["numerator"] = 0.0, 1.0
    old = path.read_bytes()
    pq.write_table(table.from_pylist(rows, schema=table.schema), path)
    with pytest.raises(PredictionsError, match="not the file that was published"):
        merge(pages, tmp_path / "whole", "whole")
    import hashlib

    digests = [hashlib.sha256(content).hexdigest() for content in (old, path.read_bytes())]
    data.write_text(data.read_text().replace(*digests))
    with pytest.raises(
        ConflictingEvaluationsError, match=r"half-0 \(xnli, seed 1\).*2 of 40 predictions differ"
    ):
        merge(pages, tmp_path / "whole", "whole")


def test_a_page_alone_is_written_again_with_the_same_bytes(pages, tmp_path):
    merge(pages[:1], tmp_path / "again")
    for name in ("half-0.md", "half-0.json", "half-0.predictions.parquet"):
        assert (tmp_path / "again" / name).read_bytes() == pages[0].with_name(name).read_bytes()


def test_several_pages_need_a_name(pages, tmp_path):
    run = CliRunner().invoke(cli, ["merge", *map(str, pages), "--leaderboards", str(tmp_path)])
    assert run.exit_code != 0
    assert "--name" in str(run.exception)
