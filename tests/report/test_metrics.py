"""Leaderboards of other metrics than accuracy: ratios of sums, several metrics, and metrics that fall."""

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from scipy import integrate, special, stats

from harness.cli.main import cli
from harness.metrics.item_file import write_items
from harness.metrics.item_scores import TaskItems
from harness.metrics.registry import metric
from harness.report.pictures.forest import draw_forest
from harness.report.pictures.style import BLUE, ORANGE
from harness.report.publication import OldFormatError
from harness.report.publish import publish
from harness.report.sections.findings import FINDINGS
from harness.report.sections.scores.section import SCORES
from harness.report.table import Table
from harness.report.verify import verify
from harness.results.target_metric import TargetMetric
from harness.statistics.contrast import Contrasts
from harness.statistics.item_table import ItemTable
from harness.statistics.prefixes import PrefixTree
from harness.statistics.table import Runs, analyze_table
from tests.report.experiments import ORDERS, answers, board, columns, scored_row, table_of

LANGUAGES = ("en", "de", "sw")
SPAN, EMPTY = ["B-PER", "I-PER", "O"], ["O", "O", "O"]


def tagged(rng, items, skill):
    """Sentences of three words of which most name a person, and tags of a given skill."""
    gold = [SPAN if rng.random() < 0.8 else EMPTY for _ in range(items)]
    return [tags if rng.random() < skill else EMPTY for tags in gold], gold


def losses(rng, items, skill):
    """Losses of texts of 5 to 20 masked tokens, the lower the higher the skill."""
    tokens = rng.integers(5, 21, items)
    per_token = 3 - skill + rng.normal(0, 0.3, items)
    return [
        {"loss": float(loss * count), "right": int(count // 4), "tokens": int(count)}
        for loss, count in zip(per_token, tokens, strict=True)
    ], tokens.tolist()


def published(folder, metrics, make, skills, items=60, seeds=(1, 2, 3)):
    """Publish a board of one row for each order, scored by the given metrics; two items share a passage."""
    used = [metric(name) for name in metrics]
    folder.mkdir()
    rows, files = [], {}
    for order in ORDERS:
        row = scored_row(order, {seed: dict.fromkeys(LANGUAGES, 0.5) for seed in seeds}, items=items)
        results = []
        for result in row.seeds:
            tasks = {}
            for number, code in enumerate(LANGUAGES):
                gold = np.random.default_rng(number)
                predictions, references = make(gold, items, skills.get(order, 0.5) + 0.02 * result.seed)
                task = f"xtreme_xnli_{code}"
                ids = [f"{code}-{item}" for item in range(items)]
                passages = [f"{code}-{item // 2}" for item in range(items)]
                tasks[task] = TaskItems.scored(task, code, ids, predictions, references, used, passages)
            path = folder / f"{result.evaluation_digest}.parquet"
            write_items(tasks.values(), path)
            files[result.evaluation_digest] = path
            changes = {
                "scores": {task: own.score for task, own in tasks.items()},
                "secondary": {
                    name: {task: own.scores[name].score for task, own in tasks.items()}
                    for name in metrics[1:]
                },
            }
            results.append(result.model_copy(update=changes))
        rows.append(row.model_copy(update={"seeds": tuple(results)}))
    described = {"xnli": tuple(TargetMetric.of(own) for own in used)}
    made = board(rows, {"xnli": columns("xnli", LANGUAGES)}, seeds, metrics=described)
    return publish(made, folder / "boards", files)


def many_labels(rng, items, skill):
    """Labels of which there are more than a byte can number."""
    gold = [f"label-{number}" for number in rng.integers(0, 500, items)]
    return [label if rng.random() < skill else "label-0" for label in gold], gold


@pytest.fixture(scope="module")
def spans(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spans") / "made"
    return published(folder, ("span_f1", "token_accuracy"), tagged, {("rte",): 0.9})


@pytest.fixture(scope="module")
def falling(tmp_path_factory):
    folder = tmp_path_factory.mktemp("losses") / "made"
    return published(folder, ("masked_loss",), losses, {("rte",): 1.5, ("pawsx",): -1.0})


def test_a_board_of_ratios_names_its_metrics_and_holds(spans):
    page = spans.markdown.read_text()
    assert "- F1 in percent on the test split" in page
    assert "Token accuracy |" in page and "a score at chance is recognized for accuracy only" in page
    assert "F1 in percent, trained on xnli, scored on" in spans.markdown.with_suffix(".tex").read_text()
    result = verify(spans.markdown)
    assert result.differences == []
    assert result.predictions == 5 * 3 * 3 * 60 * 2


def test_the_average_of_another_metric_stands_in_json_csv_and_page(spans):
    table = spans.publication.of(SCORES, "xnli")
    row = next(row for row in table.rows if row.order == ("rte",))
    seeds = [result.secondary["token_accuracy"] for result in spans.publication.board.rows[1].seeds]
    assert row.secondary["token_accuracy"].mean == pytest.approx(np.mean([[*own.values()] for own in seeds]))
    with spans.markdown.with_suffix(".csv").open() as file:
        line = next(line for line in csv.DictReader(file) if line["order"] == "rte")
    assert line["metric"] == "span_f1"
    assert float(line["token_accuracy"]) == pytest.approx(row.secondary["token_accuracy"].mean, abs=1e-6)
    assert float(line["average"]) == pytest.approx(row.average.mean, abs=1e-6)


def test_a_forged_item_score_of_another_metric_is_named(spans, tmp_path):
    for path in spans.markdown.parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = tmp_path / spans.predictions.name
    table = pq.read_table(path)
    rows = table.to_pylist()
    next(row for row in rows if row["metric"] == "token_accuracy")["numerator"] += 1
    pq.write_table(table.from_pylist(rows, schema=table.schema), path)
    found = [(d.column, d.recomputed) for d in verify(tmp_path / spans.markdown.name).differences]
    fault = "1 of 60 item scores are not what the predictions give"
    assert ("xtreme_xnli_en: token_accuracy", fault) in found
    assert any(column == "xtreme_xnli_en: token_accuracy" and shown != fault for column, shown in found)


def test_a_target_of_500_labels_is_published_and_holds(tmp_path):
    made = published(tmp_path / "made", ("accuracy",), many_labels, {("rte",): 0.9}, items=600, seeds=(1,))
    labels = pq.read_table(made.predictions)["reference"].unique()
    assert len(labels) > 256
    assert verify(made.markdown).differences == []


def test_an_old_leaderboard_is_refused_with_the_commit_that_reads_it(spans, tmp_path):
    path = tmp_path / spans.json.name
    path.write_text(spans.json.read_text().replace("xstilts-leaderboard-3", "xstilts-leaderboard-1"))
    for command in (["verify"], ["merge", "--name", "other", "--leaderboards", str(tmp_path / "new")]):
        run = CliRunner().invoke(cli, [*command, str(path)])
        assert run.exit_code, run.output
        assert "its format is read by xstilts up to commit 6accfc0" in str(run.exception) + run.output


def test_a_leaderboard_of_the_second_format_is_refused_until_it_is_written_in_the_present_one(
    spans, tmp_path
):
    content = json.loads(spans.json.read_text())
    old = {"format": "xstilts-leaderboard-2", "board": content["board"], "findings": [], "targets": []}
    old |= {
        name: content[name] for name in ("pictures", "drawn_with", "predictions", "sequence_link", "reported")
    }
    path = tmp_path / spans.json.name
    path.write_text(json.dumps(old, indent=1))
    (tmp_path / spans.predictions.name).write_bytes(spans.predictions.read_bytes())
    with pytest.raises(OldFormatError, match=r"`xstilts merge .*--leaderboards FOLDER` writes"):
        verify(path)
    anew = CliRunner().invoke(cli, ["merge", str(path), "--leaderboards", str(tmp_path / "new")])
    assert anew.exit_code == 0, anew.output
    assert json.loads((tmp_path / "new" / path.name).read_text())["sections"] == content["sections"]
    assert verify(tmp_path / "new" / path.name).differences == []


def test_the_index_names_the_metric_and_says_where_lower_is_better(spans, falling):
    of_spans, of_losses = (_index_row(made.index.read_text()) for made in (spans, falling))
    assert "F1 in percent" in of_spans
    assert "loss in nats, lower is better" in of_losses
    assert any(cell.startswith("rte → xnli") for cell in of_losses)
    assert not any(cell.startswith("pawsx → xnli") for cell in of_losses)


def _index_row(index: str) -> list[str]:
    return Table.cells(next(line for line in index.splitlines() if line.startswith("| [")))


def test_where_lower_is_better_the_lowest_average_is_first_bold_and_blue(falling):
    table = falling.publication.of(SCORES, "xnli")
    means = [row.average.mean for row in table.rows]
    assert means == sorted(means)
    assert table.rows[0].order == ("rte",) and table.rows[0].ranks == (1, 1)
    assert table.comparisons[0].effect.difference <= 0
    page = falling.markdown.read_text()
    assert f"**{means[0]:.3f} ±" in page
    assert "Loss in nats (lower is better for xnli) on the test split" in page
    finding = falling.publication.of(FINDINGS, "xnli")
    assert "1 significantly below (better than)" in " ".join(finding.answer)
    marks = {
        table.rows[line.get_ydata()[0]].sequence: line.get_color()
        for line in draw_forest(table).axes[1].lines
        if line.get_marker() in ("o", "s")
    }
    assert (marks["rte → xnli"], marks["pawsx → xnli"]) == (BLUE, ORANGE)
    assert verify(falling.markdown).differences == []


def analyzed(table):
    """Put a table of items without collapsed runs to the tests, Δ and averages only."""
    contrasts = Contrasts.of(table.influence_values(), PrefixTree(table.orders))
    runs = np.zeros(contrasts.table.shape, bool)
    return analyze_table(Runs(contrasts, (), table.orders.index(()), runs, margin=0.01))


def test_ratios_and_means_agree_where_denominators_are_constant():
    right = answers(np.random.default_rng(0), 5, 3, 4, 200)
    mean = table_of(right, ORDERS)
    for size in (3, 8):
        ratio = ItemTable(
            mean.sequences,
            mean.orders,
            right.astype(np.float64) * size,
            np.full(right.shape, float(size)),
            mean.present,
            right_or_wrong=False,
        )
        found, expected = analyzed(ratio), analyzed(mean)
        assert (found.averages, found.deltas) == (expected.averages, expected.deltas)


def test_several_items_of_a_cluster_are_one_observation_with_the_sums_of_their_scores():
    """Ten items of each passage that say the same tell no more than one of them."""
    right = answers(np.random.default_rng(1), 5, 3, 4, 200)
    one = table_of(right, ORDERS)
    ten = ItemTable(
        one.sequences, one.orders, right.astype(np.int32) * 10, one.denominators * np.int32(10), one.present
    )
    assert analyzed(ten).averages == analyzed(one).averages


_SPANS = np.array([0, 1, 2, 3, 4])
_SHARES = np.array([0.2, 0.3, 0.25, 0.15, 0.1])
_WRONG = 0.6


def _ease(spans):
    return 0.8 - 0.25 * spans


def span_table(rng, effects, seeds, languages, items):
    """Draw the spans of sentences; the more are due, the harder each is to find."""
    rows = len(effects)
    due = rng.choice(_SPANS, p=_SHARES, size=items)
    latent = (
        _ease(due)
        + np.reshape(effects, (-1, 1, 1, 1))
        + rng.normal(0, 0.8, (1, 1, 1, items))
        + rng.normal(0, 0.4, (1, 1, languages, items))
        + rng.normal(0, 0.5, (rows, seeds, 1, items))
        + rng.normal(0, 0.1, (rows, seeds, 1, 1))
    )
    found = rng.binomial(due, special.expit(latent))
    wrong = rng.poisson(_WRONG, found.shape)
    names = tuple(f"{row}" for row in range(rows))
    orders = ((), *((name,) for name in names[1:]))
    present = np.ones((languages, items), bool)
    return ItemTable(names, orders, 2 * found, found + wrong + due, present, right_or_wrong=False)


def true_span_f1(effect):
    """The expected F1 of `span_table`: twice the spans found over those given and due, in expectation."""
    sd = np.sqrt(0.8**2 + 0.4**2 + 0.5**2 + 0.1**2)
    found = 0.0
    for spans, share in zip(_SPANS, _SHARES, strict=True):
        density = stats.norm(_ease(spans) + effect, sd).pdf
        rate, _ = integrate.quad(lambda x, d=density: d(x) * special.expit(x), -15, 15, points=[0])
        found += share * spans * rate
    return 2 * found / (found + _WRONG + float(_SHARES @ _SPANS))


def coverage(simulations, seed):
    """Return how often intervals of averages hold the truth, and those of differences all at once."""
    effects = [0.0, 0.3, -0.2]
    truths = [true_span_f1(effect) for effect in effects]
    rng, averages, deltas = np.random.default_rng(seed), [], []
    for _ in range(simulations):
        found = analyzed(span_table(rng, effects, 3, 4, 200))
        averages += [i.low <= t <= i.high for i, t in zip(found.averages, truths, strict=True)]
        deltas.append(
            all(
                effect.interval.low <= truths[row] - truths[0] <= effect.interval.high
                for row, effect in found.deltas.items()
            )
        )
    return np.mean(averages), np.mean(deltas)


def test_intervals_of_a_ratio_cover_the_truth():
    averages, deltas = coverage(60, seed=1)
    assert averages >= 0.88 and deltas >= 0.88


@pytest.mark.slow
def test_intervals_of_a_ratio_cover_the_truth_93_to_97_times_in_100_over_1000_simulations():
    averages, deltas = coverage(1000, seed=2)
    print(f"ratio of sums: averages {averages:.4f}, differences {deltas:.4f}")
    assert 0.93 <= averages <= 0.97
    assert 0.93 <= deltas <= 0.97
