"""Token ids and labels of real rows, through the pretrained encoder's own tokenizer."""

import numpy as np
import pytest

from harness.config.catalogue import Catalogue
from harness.data.rows import load_training_rows
from harness.embedded.encoder import ensure_encoder
from harness.kinds.registry import kind_of
from harness.kinds.token_rows import IGNORED_LABEL, TokenizedRows
from harness.metrics.registry import metric
from harness.models.tokenizer import fast_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return fast_tokenizer(ensure_encoder("e5-small"), False)


@pytest.mark.slow
@pytest.mark.parametrize("max_length", [384, 128])
def test_the_answer_of_every_tydiqa_question_stands_in_a_window(shared_data, tokenizer, max_length):
    task = Catalogue.load().training_tasks["tydiqa_en"]
    rows = load_training_rows(task, data_dir=shared_data)
    table = kind_of(task).model.features(task, rows.dataset, tokenizer, max_length, predicting=True)
    tokens = TokenizedRows.of(table)
    character, end = table["character"].to_pylist(), table["character_end"].to_pylist()
    contexts, answers = rows.dataset["text_b"][:], rows.dataset["answer_texts"][:]
    held, right = set(), set()
    for window, (first, last) in enumerate(tokens.targets["span"].values.tolist()):
        if last == 0:
            continue
        row = int(tokens.examples[window])
        found = contexts[row][character[window][first] : end[window][last]]
        if answers[row][0].strip() in found:
            held.add(row)
        if metric("exact_match").score([found], [answers[row]]):
            right.add(row)
    if max_length == 384:
        assert len(held) == len(rows.dataset)
    assert len(held) >= 0.995 * len(rows.dataset)
    # The others begin or end within a token of the vocabulary ("anuary4, 2015").
    assert len(right) >= 0.985 * len(rows.dataset)


@pytest.mark.parametrize("file", ["dev-zh", "dev-de", "dev-vi"])
@pytest.mark.parametrize("max_length", [128, 16])
def test_every_word_gets_exactly_its_tag(shared_data, tokenizer, file, max_length):
    task = Catalogue.load().training_tasks["panx_en"]
    folder = task.sources.layouts[0].model_copy(update={"path": f"xtreme/panx/{file}.tsv"})
    task = task.model_copy(update={"sources": task.sources.model_copy(update={"folder": folder})})
    rows = load_training_rows(task, data_dir=shared_data)
    tokens = TokenizedRows.of(kind_of(task).model.features(task, rows.dataset, tokenizer, max_length))
    labels = tokens.targets["token_label"].values
    assert tokens.lengths.max() <= max_length
    gold = np.concatenate(rows.dataset["tags"][:])
    assert (labels[labels != IGNORED_LABEL] == gold).all()
    by_example = np.repeat(tokens.examples, tokens.lengths)[labels != IGNORED_LABEL]
    assert (
        by_example == np.repeat(np.arange(len(rows.dataset)), [len(w) for w in rows.dataset["words"][:]])
    ).all()
