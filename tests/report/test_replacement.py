"""Whatever is published in whatever order: no leaderboard ends with less than it had."""

import hashlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.report.publication import load_publication
from harness.report.publish import publish_answers
from harness.report.replacement import REPLACED, LessThanPublishedError
from harness.results.board import Board, BoardRow, SeedResult
from tests.report.experiments import board, columns, provenance

ORDERS = ((), ("rte",), ("pawsx",))
NAME = "rte-paraphrase-xnli"

attempts = st.fixed_dictionaries(
    {
        "orders": st.sets(st.sampled_from(ORDERS), min_size=1),
        "seeds": st.sets(st.integers(1, 3), min_size=1),
        "items": st.sampled_from([8, 100]),
        "settings": st.sampled_from("aab"),
        "languages": st.sampled_from([("en", "de"), ("en",)]),
        "missing": st.sampled_from([None, None, 1, 2]),
        "split": st.sampled_from(["test", "test", "validation"]),
    }
)


def made(attempt) -> Board:
    """A board of what a run would have published; a seed may have failed in it."""

    def digest(*parts: object) -> str:
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def result(order, seed) -> SeedResult:
        if seed == attempt["missing"]:
            return SeedResult(seed=seed, status="failed", error="out of memory")
        names = [f"xtreme_xnli_{code}" for code in attempt["languages"]]
        stage = digest(order, seed, attempt["settings"])
        return SeedResult(
            seed=seed,
            status="ok",
            stage_digest=stage,
            evaluation_digest=digest(stage, attempt["items"], attempt["split"], names),
            scores=dict.fromkeys(names, 0.5),
            items=dict.fromkeys(names, attempt["items"]),
        )

    seeds = sorted(attempt["seeds"])
    rows = [
        BoardRow(order=order, target="xnli", seeds=tuple(result(order, seed) for seed in seeds))
        for order in sorted(attempt["orders"])
    ]
    languages = {"xnli": columns("xnli", attempt["languages"])}
    return board(rows, languages, seeds, provenance=provenance(split=attempt["split"]))


def results(found: Board) -> dict[tuple[str, int], SeedResult]:
    return {(row.sequence, one.seed): one for row in found.rows for one in row.seeds if one.scores}


def assert_nothing_lost(before: Board, after: Board) -> None:
    old, new = results(before), results(after)
    assert old.keys() <= new.keys()
    assert before.provenance.split == after.provenance.split
    for place, result in old.items():
        assert new[place].stage_digest == result.stage_digest
        assert all(new[place].items.get(task, 0) >= items for task, items in result.items.items())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(attempts, st.booleans()), min_size=2, max_size=4))
@pytest.mark.slow
def test_no_publication_holds_less_than_the_one_before_it_and_what_is_replaced_is_kept(steps) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, before = folder / f"{NAME}.json", None
        for attempt, insists in steps:
            kept = len(list(folder.glob(f"{REPLACED}/*/{NAME}.json")))
            content = data.read_bytes() if data.exists() else None
            try:
                publish_answers(made(attempt), folder, None, (), replace=insists)
            except LessThanPublishedError as error:
                assert not insists and "--replace" in str(error)
                assert data.read_bytes() == content
                continue
            after = load_publication(data).board
            if before is not None and insists:
                copies = list(folder.glob(f"{REPLACED}/*/{NAME}.json"))
                assert len(copies) == kept + 1 and content in [copy.read_bytes() for copy in copies]
            elif before is not None:
                assert_nothing_lost(before, after)
            before = after


def test_more_seeds_rows_and_items_replace_and_less_of_any_does_not(tmp_path: Path) -> None:
    attempt = {
        "orders": {()},
        "seeds": {1},
        "items": 8,
        "settings": "a",
        "languages": ("en",),
        "missing": None,
        "split": "test",
    }
    more = attempt | {"orders": {(), ("rte",)}, "seeds": {1, 2}, "items": 100, "languages": ("en", "de")}
    publish_answers(made(attempt), tmp_path, None, ())
    publish_answers(made(more), tmp_path, None, ())
    for less, says in (
        ({"orders": {()}}, "it has the rows rte → xnli"),
        ({"seeds": {2}}, "it has seed 1, which this has not"),
        ({"items": 8}, "scored on more items or languages"),
        ({"languages": ("en",)}, "scored on more items or languages"),
        ({"settings": "b"}, "made with other settings, model or data"),
        ({"missing": 2}, "it has seed 2"),
        ({"split": "validation"}, "scored on the test split"),
    ):
        with pytest.raises(LessThanPublishedError, match=says):
            publish_answers(made(more | less), tmp_path, None, ())
