import csv

import pytest

from harness.report.publish import publish
from harness.report.sections.scores.section import SCORES
from tests.report.experiments import experiment, scored_row


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("csv")
    made = experiment(folder, items=40)
    rows = list(made.board.rows)
    rows[1] = scored_row(("rte",), {1: None, 2: None, 3: None})
    return publish(made.board.model_copy(update={"rows": tuple(rows)}), folder / "boards", made.predictions)


def test_every_row_stands_in_the_csv_with_the_numbers_of_the_json(published):
    with published.markdown.with_suffix(".csv").open(newline="") as file:
        lines = {line["sequence"]: line for line in csv.DictReader(file)}
    table = published.publication.of(SCORES, "xnli")
    assert list(lines) == [row.sequence for row in table.rows]
    for row in table.rows:
        line = lines[row.sequence]
        if row.average is None:
            assert (line["average"], line["rank_low"], line["average_low"]) == ("", "", "")
            continue
        assert float(line["average"]) == pytest.approx(row.average.mean, abs=1e-6)
        assert float(line["average_sd"]) == pytest.approx(row.average.sd, abs=1e-6)
        assert float(line["average_high"]) == row.average_interval.high
        assert float(line["xtreme_xnli_sw"]) == pytest.approx(row.languages["xtreme_xnli_sw"].mean, abs=1e-6)
        assert (int(line["rank_low"]), int(line["rank_high"])) == row.ranks
        assert float(line["shrunken"]) == row.shrunken
        assert line["order"].split() == list(row.order)
