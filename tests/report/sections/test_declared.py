"""What a sequence file declares of the analysis, and what a board says with it."""

import numpy as np

from harness.config.contrasts import NamedContrast
from harness.report.publication import compile_publication
from harness.report.publish import publish
from harness.report.sections.findings import FINDINGS
from harness.report.sections.order.section import ORDER
from harness.report.sections.scores.section import SCORES
from harness.report.verify import verify
from harness.results.board import AnalysisPlan
from tests.report.experiments import board, columns, experiment, scored_row


def declared(made, **plan):
    return made.board.model_copy(
        update={"analysis": AnalysisPlan(planned_seeds=len(made.board.seeds), **plan)}
    )


def finding(published):
    return " ".join(published.publication.of(FINDINGS, "xnli").answer)


def test_a_named_contrast_is_the_finding_and_order_becomes_exploratory(tmp_path):
    made = experiment(tmp_path, effects=[0, 0, 0, 1.2, 0], items=800)
    named = (NamedContrast(before=("rte", "pawsx")),)
    text = finding(publish(declared(made, contrasts=named), tmp_path / "boards", made.predictions))
    assert text.startswith("rte before pawsx: +")
    assert ", significant" in text.split("Exploratory:")[0]
    assert "has a significant effect" in text.split("Exploratory:")[1]


def test_more_primary_contrasts_and_targets_cost_each_of_them(tmp_path):
    made = experiment(tmp_path, effects=[0, 0, 0, 0.3, 0])
    one = publish(declared(made), tmp_path / "one", made.predictions).publication.of(SCORES, "xnli")
    both = declared(made, contrasts=("order", "baseline"))
    two = publish(both, tmp_path / "two", made.predictions).publication.of(SCORES, "xnli")
    assert np.isclose(two.order.p, min(1.0, 2 * one.order.p), atol=1e-5)


def test_rows_that_share_no_stage_by_declaration_are_independent(tmp_path):
    made = experiment(tmp_path)
    shared = publish(declared(made), tmp_path / "one", made.predictions).publication.of(ORDER, "xnli")
    alone = publish(declared(made, share="none"), tmp_path / "two", made.predictions).publication.of(
        ORDER, "xnli"
    )
    assert len(shared.shared_stages) == 2 and shared.shared is not None
    assert alone.shared_stages == () and alone.shared is None


def test_a_look_at_some_of_the_planned_seeds_costs_and_seeds_beyond_the_plan_are_exploratory(tmp_path):
    made = experiment(tmp_path, seeds=(1, 2, 3, 4, 5), effects=[0, 0, 0, 0.2, 0])
    folder = tmp_path / "boards"

    def with_seeds(count, planned):
        seeds = made.board.seeds[:count]
        rows = tuple(row.model_copy(update={"seeds": row.seeds[:count]}) for row in made.board.rows)
        plan = AnalysisPlan(planned_seeds=planned)
        return made.board.model_copy(update={"rows": rows, "seeds": seeds, "analysis": plan})

    early = publish(with_seeds(3, 5), folder, made.predictions)
    unplanned = publish(with_seeds(3, 3), tmp_path / "other", made.predictions)
    ratio = early.publication.of(SCORES, "xnli").order.p / unplanned.publication.of(SCORES, "xnli").order.p
    assert 4 < ratio < 5  # 0.05 / 0.0114
    late = publish(with_seeds(5, 5), folder, made.predictions)
    assert late.publication.board.analysis.looks == (3,)
    assert not late.publication.of(SCORES, "xnli").exploratory
    assert "Published before with 3 seeds of 5 planned" in late.markdown.read_text()
    again = publish(with_seeds(5, 5), folder, made.predictions)
    assert again.json.read_bytes() == late.json.read_bytes()
    added = publish(with_seeds(5, 5), tmp_path / "other", made.predictions)
    assert added.publication.of(SCORES, "xnli").exploratory
    assert "The whole page is exploratory" in finding(added)
    assert "exploratory" in added.index.read_text()
    assert verify(added.markdown).differences == []


def test_without_item_scores_nothing_is_tested():
    scores = {seed: {"en": 0.5 + 0.1 * seed} for seed in (1, 2)}
    rows = [scored_row(order, scores) for order in (("a", "b"), ("b", "a"))]
    made = compile_publication(board(rows, {"xnli": columns("xnli", ("en",))}, (1, 2)), None)
    assert made.of(SCORES, "xnli").order is None
    assert "o difference is tested" in made.of(FINDINGS, "xnli").answer[1]
