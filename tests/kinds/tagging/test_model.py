import numpy as np
import pytest

from harness.config.catalogue import Catalogue
from harness.data.rows import load_training_rows
from harness.embedded.encoder import ensure_encoder
from harness.kinds.registry import kind_of
from harness.kinds.token_rows import IGNORED_LABEL, TokenizedRows
from harness.models.references import ModelRef
from harness.models.tokenizer import fast_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return fast_tokenizer(ModelRef.at(ensure_encoder("e5-small")))


@pytest.mark.parametrize(
    ("file", "max_length"),
    [("dev-vi", 16), *(pytest.param(f"dev-{code}", 128, marks=pytest.mark.slow) for code in ("zh", "de"))],
)
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
