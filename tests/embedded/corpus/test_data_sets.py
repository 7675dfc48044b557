import hashlib
import subprocess
import sys
from collections import Counter
from itertools import chain

import pytest

from harness.embedded.corpus import (
    Row,
    UnknownCorpusError,
    corpus_names,
    evaluation_rows,
    label_names,
    languages,
    training_rows,
)

PARALLEL = ("mini_nli", "mini_inference", "mini_paraphrase")
ENGLISH_ONLY = ("mini_sentiment", "mini_acceptability", "mini_qa")

# A change here changes every published result on the corpus: raise CORPUS_VERSION with it.
DIGESTS = {
    "mini_nli": "c888bc625c9e59f387069154596a13c6268def08e290dbb29a7ceac52015dc2c",
    "mini_inference": "b99bfe771efe7c41ca57f42e6f1fc7bbe2526f754eadf4dc8a89236e543e9e34",
    "mini_paraphrase": "add3a622164d44177bdfb0c3fd31091c35d74f16798090057e3fceb04b6c2e4a",
    "mini_sentiment": "4bd6d5fd027b52a232384c5753c47b09c2ced2e8f0ce9e6b27a5fe2f60787bda",
    "mini_acceptability": "bbf37ce8d6fb684a1f7a4d14ec91f3bbca59ecdd98b2d96935430daa67d73681",
    "mini_qa": "0ae3eb679d79f1e682f0a9cfb9e1065bcd3711a8b1a7f2e8545f1878f20636e2",
}


def digest(name: str) -> str:
    """sha256 over every row of every split and language of a data set."""
    held_out = [
        evaluation_rows(name, language, split)
        for split in ("test", "validation")
        for language in languages(name)
    ]
    total = hashlib.sha256()
    for row in chain(training_rows(name), *held_out):
        total.update("\t".join((row.item_id, row.text_a, row.text_b or "", row.label)).encode() + b"\n")
    return total.hexdigest()


def texts(rows: list[Row]) -> set[str]:
    return {text for row in rows for text in (row.text_a, row.text_b) if text is not None}


@pytest.mark.parametrize("name", corpus_names())
def test_every_machine_generates_the_same_rows(name: str) -> None:
    assert digest(name) == DIGESTS[name]


def test_the_hash_seed_does_not_matter() -> None:
    program = "from tests.embedded.corpus.test_data_sets import digest; print(digest('mini_nli'))"
    for seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == DIGESTS["mini_nli"]


def test_the_sizes() -> None:
    sizes = {
        name: (
            len(training_rows(name)),
            len(evaluation_rows(name, "en", "validation")),
            len(evaluation_rows(name, "en")),
        )
        for name in corpus_names()
    }
    assert sizes["mini_nli"] == (2016, 96, 240)
    assert sizes["mini_inference"] == (1500, 105, 195)
    assert sizes["mini_paraphrase"] == (1000, 100, 300)
    assert {sizes[name] for name in ENGLISH_ONLY} == {(1000, 100, 200)}


@pytest.mark.parametrize("name", corpus_names())
def test_no_row_occurs_twice(name: str) -> None:
    rows = training_rows(name) + evaluation_rows(name, "en") + evaluation_rows(name, "en", "validation")
    assert max(Counter((row.text_a, row.text_b) for row in rows).values()) == 1


@pytest.mark.parametrize("name", corpus_names())
def test_labels_are_balanced_in_every_split_and_in_prefixes_of_training(name: str) -> None:
    for rows in (training_rows(name), training_rows(name)[:600], evaluation_rows(name, "en")):
        counts = Counter(row.label for row in rows)
        assert set(counts) == set(label_names(name))
        assert len(set(counts.values())) == 1


@pytest.mark.parametrize("split", ["test", "validation"])
@pytest.mark.parametrize("name", PARALLEL)
def test_rows_are_parallel_over_the_languages(name: str, split: str) -> None:
    assert len(languages(name)) == 8
    english = evaluation_rows(name, "en", split)
    for language in languages(name):
        rows = evaluation_rows(name, language, split)
        assert [(row.item_id, row.label) for row in rows] == [(row.item_id, row.label) for row in english]
        assert all(row.text_a != row.text_b for row in rows)
        if language != "en":
            assert not texts(rows) & texts(english)


def test_sentences_that_differ_in_english_differ_in_every_language() -> None:
    for name in PARALLEL:
        english = evaluation_rows(name, "en")
        for language in languages(name):
            rows = evaluation_rows(name, language)
            pairs = {(row.text_a, row.text_b) for row in rows}
            assert len(pairs) == len(english), language


def test_no_held_out_english_text_occurs_in_the_training_rows_of_any_data_set() -> None:
    trained = set().union(*(texts(training_rows(name)) for name in corpus_names()))
    for name in corpus_names():
        for split in ("test", "validation"):
            assert not texts(evaluation_rows(name, "en", split)) & trained


def test_texts_are_short() -> None:
    for name in corpus_names():
        words = [len(text.split()) for text in texts(training_rows(name) + evaluation_rows(name, "en"))]
        assert max(words) <= 15
        assert sum(words) / len(words) <= 9


def test_single_texts_and_pairs() -> None:
    assert all(
        row.text_b is None for row in training_rows("mini_sentiment") + training_rows("mini_acceptability")
    )
    assert all(row.text_b for name in (*PARALLEL, "mini_qa") for row in training_rows(name))


def test_what_the_corpus_does_not_have_is_refused_by_name() -> None:
    with pytest.raises(UnknownCorpusError, match="mini_nil"):
        training_rows("mini_nil")
    with pytest.raises(UnknownCorpusError, match="'de'"):
        evaluation_rows("mini_qa", "de")
