import pytest

from harness.results.board import BoardNameError, MachineRecord
from harness.results.combine import ConflictingEvaluationsError, IncompatibleBoardsError, combine
from harness.results.data_use import DataUse
from tests.report.experiments import board, columns, provenance, scored_row

XNLI = {"xnli": columns("xnli", ("en", "de"))}
SCORES = {"en": 0.6, "de": 0.5}


def one(*rows, name="one", seeds=(1,), **changes):
    return board(rows, XNLI, seeds, name=name, **changes)


def row(order, seeds=(1,), scores=SCORES, **changes):
    made = scored_row(order, dict.fromkeys(seeds, scores))
    return made.model_copy(update={"seeds": tuple(r.model_copy(update=changes) for r in made.seeds)})


def both(first, second):
    return combine([first, second], "both", None, None)


def test_rows_and_seeds_of_two_boards_stand_on_one_and_shared_ones_once():
    first = one(row((), (1,)), row(("rte",), (1,)), seeds=(1,))
    second = one(row((), (1, 2)), row(("qqp",), (2,)), name="two", seeds=(1, 2))
    found = both(first, second)
    assert [(r.sequence, [s.seed for s in r.seeds]) for r in found.rows] == [
        ("xnli", [1, 2]),
        ("rte → xnli", [1]),
        ("qqp → xnli", [2]),
    ]
    assert found.seeds == (1, 2)
    assert [s.part for r in found.rows for s in r.seeds] == [0, 1, 0, 1]
    assert len(found.parts) == 2


def test_a_run_that_failed_elsewhere_is_taken_from_where_it_succeeded():
    failed = scored_row((), {1: None})
    for pair in ((one(failed), one(row(()), name="two")), (one(row(()), name="two"), one(failed))):
        assert both(*pair).rows[0].seeds[0].status == "ok"


def test_remarks_and_mixtures_of_all_are_kept():
    first = one(row(()), note="First.", mixtures={"mix": "rte and qqp"})
    second = one(row(("qqp",)), name="two", note="Second.", mixtures={"blend": "rte and cola"})
    found = both(first, second)
    assert found.note == "First. Second."
    assert found.mixtures == {"mix": "rte and qqp", "blend": "rte and cola"}


def test_of_a_run_that_failed_and_one_that_was_not_made_the_failure_is_kept():
    failed = scored_row((), {1: None})
    absent = failed.seeds[0].model_copy(update={"status": "not run", "error": None})
    waiting = failed.model_copy(update={"seeds": (absent,)})
    for pair in ((one(failed), one(waiting, name="two")), (one(waiting), one(failed, name="two"))):
        assert both(*pair).rows[0].seeds[0].status == "failed"


def test_the_same_evaluation_with_other_results_is_refused_naming_both_and_the_task():
    with pytest.raises(ConflictingEvaluationsError) as refused:
        both(one(row(())), one(row((), scores={"en": 0.6, "de": 0.51}), name="two"))
    assert "one (xnli, seed 1)" in str(refused.value) and "two (xnli, seed 1)" in str(refused.value)
    assert "xtreme_xnli_de: 0.5 on 1000 items against 0.51" in str(refused.value)


def test_another_evaluation_of_the_same_sequence_and_seed_is_refused():
    with pytest.raises(
        IncompatibleBoardsError, match="xnli, seed 1: one and two trained or scored it otherwise"
    ):
        both(one(row(())), one(row((), evaluation_digest="f" * 32), name="two"))


def test_the_same_task_with_other_settings_is_refused_though_no_seed_is_shared():
    first = one(row(("rte",), config_hash=("a", "b")))
    second = one(row(("rte",), (2,), config_hash=("a", "c")), name="two", seeds=(2,))
    with pytest.raises(IncompatibleBoardsError, match="one and two train xnli with other settings or data"):
        both(first, second)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"provenance": provenance(model_fingerprint="ee" * 32)}, "another model"),
        ({"provenance": provenance(split="validation")}, "another evaluation split"),
        (
            {"provenance": provenance(splits={"xnli": "validation"})},
            "another evaluation split of xnli",
        ),
        ({"provenance": provenance(limited=32)}, "another limit of items"),
        (
            {"data": (DataUse(name="rte", role="training", source="x", fingerprint="cc" * 32),)},
            "two: training data rte has the fingerprint",
        ),
    ],
)
def test_boards_that_cannot_be_compared_are_refused(changes, words):
    with pytest.raises(IncompatibleBoardsError, match=words):
        both(one(row(())), one(row(("rte",)), name="two", **changes))


def test_other_columns_of_a_target_are_refused():
    other = board([row((), scores={"en": 0.6})], {"xnli": columns("xnli", ("en",))}, (1,), name="two")
    with pytest.raises(IncompatibleBoardsError, match="two: xnli is scored on xtreme_xnli_en, elsewhere"):
        both(one(row(())), other)


def test_each_result_keeps_the_machine_that_made_it_where_they_differ():
    gpu = provenance(hardware="1 × A100", packages={"torch": "2.12.0", "lm-eval": "0.4.13"})
    found = both(one(row(())), one(row(("rte",)), name="two", provenance=gpu))
    assert [machine.hardware for machine in found.machines] == ["2 × x86_64 CPU", "1 × A100"]
    assert [s.machines for r in found.rows for s in r.seeds] == [(0,), (1,)]
    assert both(one(row(())), one(row(("rte",)), name="two")).machines == ()


def test_machines_and_parts_of_a_combination_are_counted_on():
    machines = tuple(
        MachineRecord(hardware=name, packages={}, commit=None, dirty=None) for name in ("small", "large")
    )
    within = one(row((), machines=(1,)), machines=machines)
    first = both(within, one(row(("rte",)), name="two"))
    found = combine([one(row(("qqp",)), name="three"), first], "all", "All", "Why?")
    assert {r.sequence: found.machines[r.seeds[0].machines[0]].hardware for r in found.rows} == {
        "qqp → xnli": "2 × x86_64 CPU",
        "xnli": "large",
        "rte → xnli": "2 × x86_64 CPU",
    }
    assert {r.sequence: r.seeds[0].part for r in found.rows} == {
        "qqp → xnli": 0, "xnli": 1, "rte → xnli": 2
    }  # fmt: skip
    assert (found.title, found.question) == ("All", "Why?")


@pytest.mark.parametrize("name", ["Both", "../both", "", "a" * 65])
def test_a_name_that_no_file_should_have_is_refused(name):
    with pytest.raises(BoardNameError):
        combine([one(row(()))], name, None, None)
