from pathlib import Path

import pytest
from datasets import Dataset

from harness.data.evaluation_rows import load_evaluation_rows
from harness.data.overlap import OverlappingPair, OverlapSearch
from harness.data.rows import load_training_rows
from harness.kinds.classification.dataset import classification_dataset
from tests.corpora import CORPORA
from tests.data.tasks import NLI, nli


def pairs(*rows: tuple[str, str]) -> Dataset:
    return classification_dataset([a for a, _ in rows], [b for _, b in rows], [0] * len(rows))


TRAINING = pairs(("It rains.", "It is wet."), ("He left.", "He stayed."), ("A.", "B."))


@pytest.mark.parametrize(
    ("row", "exact", "reverse"),
    [
        (("It rains.", "It is wet."), True, False),
        (("It is wet.", "It rains."), True, True),
        (("it  RAINS", "It is wet !"), False, False),
        (("It is wet", "“It rains”"), False, True),
        (("Ｉｔ rains.", "It is wet."), False, False),
    ],
)
def test_a_pair_is_found_in_either_order_and_disguise(
    row: tuple[str, str], exact: bool, reverse: bool
) -> None:
    found = OverlapSearch(pairs(("x", "y"), row)).find(TRAINING)
    assert found.pairs == (OverlappingPair(training_row=0, evaluation_row=1, exact=exact, reversed=reverse),)


def test_single_sentences_are_counted_and_are_no_pair() -> None:
    found = OverlapSearch(
        pairs(("It rains.", "new"), ("it rains", "He left."), ("a b", "c"), ("it rains", "z"))
    ).find(TRAINING)
    assert found.pairs == ()
    assert (len(found.sentences), len(found.similar_sentences), found.evaluation_rows) == (2, 3, 4)


def test_vowel_signs_keep_words_apart() -> None:
    # Thai "good" and "see" differ in a vowel sign only.
    assert not OverlapSearch(pairs(("ดู", "x"))).find(pairs(("ดี", "x"))).pairs


def test_texts_of_nothing_but_punctuation_are_never_the_same() -> None:
    found = OverlapSearch(pairs(("?", "--"))).find(pairs(("...", "!")))
    assert (found.pairs, found.similar_sentences) == ((), ())


def test_single_text_tasks_are_compared_by_their_text() -> None:
    training = classification_dataset(["Good film!", "Bad film."], None, [1, 0])
    evaluation = classification_dataset(["bad film"], None, [0])
    assert OverlapSearch(evaluation).find(training).pairs == (
        OverlappingPair(1, 0, exact=False, reversed=False),
    )


def test_a_row_that_occurs_twice_is_found_twice() -> None:
    found = OverlapSearch(pairs(("a", "b"), ("b", "a"))).find(pairs(("a", "b"), ("a", "b")))
    assert [(pair.training_row, pair.evaluation_row) for pair in found.pairs] == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    ]


def test_pawsx_shares_sentences_and_one_reversed_pair_with_its_test_set(shared_data: Path) -> None:
    task = nli("xtreme/pawsx/train-en.tsv", labels=("no", "yes"), label_values={"0": "no", "1": "yes"})
    training = load_training_rows(task, data_dir=shared_data).dataset
    found = OverlapSearch(load_evaluation_rows(CORPORA["pawsx"], "en", data_dir=shared_data).dataset).find(
        training
    )
    assert (len(found.sentences), found.evaluation_rows) == (1237, 2000)
    assert [pair for pair in found.pairs if pair.exact] == [
        OverlappingPair(562, 481, exact=True, reversed=True)
    ]
    # Two more pairs differ by punctuation alone.
    assert len(found.pairs) == 3


def test_xnlis_development_set_shares_nothing_with_its_test_set(shared_data: Path) -> None:
    training = load_training_rows(nli("xtreme/xnli/train-en.tsv", labels=NLI), data_dir=shared_data).dataset
    found = OverlapSearch(load_evaluation_rows(CORPORA["xnli"], "en", data_dir=shared_data).dataset).find(
        training
    )
    assert (found.pairs, found.sentences) == ((), ())
