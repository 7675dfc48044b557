from types import SimpleNamespace

import numpy as np
import pytest
import torch

from harness.config.catalogue import Catalogue
from harness.data.rows import load_training_rows
from harness.embedded.encoder import ensure_encoder
from harness.kinds.registry import kind_of, task_kind
from harness.kinds.span_extraction.model import best_span
from harness.kinds.token_rows import TokenizedRows
from harness.metrics.registry import metric
from harness.models.references import ModelRef
from harness.models.tokenizer import fast_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return fast_tokenizer(ModelRef.at(ensure_encoder("e5-small")))


def test_the_loss_of_a_span_does_not_depend_on_the_padding():
    torch.manual_seed(1)
    starts, ends = torch.randn(2, 3, 9)
    labels = torch.tensor([[2, 4], [0, 0], [1, 5]])
    mask = torch.ones(3, 9, dtype=torch.long)
    mask[:, 6:] = 0

    def loss(width):
        output = SimpleNamespace(start_logits=starts[:, :width], end_logits=ends[:, :width])
        return task_kind("span_extraction").model.head.loss_sum(output, labels, mask[:, :width])

    torch.testing.assert_close(loss(9), loss(6))
    expected = torch.nn.functional.cross_entropy(starts[:, :6], labels[:, 0], reduction="sum")
    expected += torch.nn.functional.cross_entropy(ends[:, :6], labels[:, 1], reduction="sum")
    torch.testing.assert_close(loss(9), expected / 2)


def test_the_best_span_does_not_end_before_it_begins_nor_outside_of_the_context():
    scores = np.zeros((2, 6))
    scores[0] = [9, 0, 1, 0, 5, 0]
    scores[1] = [9, 0, 7, 3, 1, 9]
    allowed = np.array([False, True, True, True, True, False])
    assert best_span(scores, allowed) == (8.0, 2, 2)


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
