"""A declared share of the training rows, held out from training."""

from pathlib import Path

import pytest

from harness.data.rows import NoRowsLeftError, load_held_out_rows, load_training_rows
from harness.kinds.sources import HeldOutSources
from tests.data.tasks import NLI, nli

PREMISES = 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three hypotheses for each of many premises."""
    lines = [f"premise {n}\thypothesis {n} {label}\t{label}\n" for n in range(PREMISES) for label in NLI]
    (tmp_path / "train.tsv").write_text("".join(lines))
    return tmp_path


def test_training_and_held_out_rows_share_no_premise_and_make_up_the_whole(folder: Path) -> None:
    task = nli("train.tsv", held_out=HeldOutSources(share=0.25, seed=3))
    trained = load_training_rows(task, data_dir=folder)
    held_out = load_held_out_rows(task, data_dir=folder, trained=NLI)
    assert held_out is not None
    assert not set(trained.dataset["text_a"]) & set(held_out.dataset["text_a"])
    assert len(trained.dataset) + len(held_out.dataset) == 3 * PREMISES
    assert len(held_out.dataset) == pytest.approx(0.25 * 3 * PREMISES, rel=0.25)
    assert [str(count) for count in trained.counted] == [
        f"rows held out, not trained on: {len(held_out.dataset)}"
    ]


def test_seed_and_share_change_the_rows_that_enter_a_stage_and_nothing_else_does(folder: Path) -> None:
    def fingerprint(**held_out: float) -> str:
        task = nli("train.tsv", held_out=HeldOutSources.model_validate(held_out) if held_out else None)
        return load_training_rows(task, data_dir=folder).fingerprint

    found = [fingerprint(), fingerprint(share=0.1), fingerprint(share=0.1, seed=1), fingerprint(share=0.2)]
    assert len(set(found)) == 4
    assert fingerprint(share=0.1, seed=0) == found[1]


def test_a_share_that_holds_out_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("It rains.\tIt is wet.\tentailment\n")
    task = nli("train.tsv", held_out=HeldOutSources(share=0.01))
    with pytest.raises(NoRowsLeftError, match=r"share of 0\.01 of its 1 rows holds out none"):
        load_training_rows(task, data_dir=tmp_path)
