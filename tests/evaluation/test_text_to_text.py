import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from harness.data.evaluation_rows import load_evaluation_rows
from harness.evaluation.checkpoint import CheckpointError, open_checkpoint
from harness.evaluation.job import EvaluationJob
from harness.evaluation.labels import LabelMismatchError
from harness.evaluation.model import XstiltsModel
from harness.evaluation.score import evaluate_checkpoint
from harness.evaluation.scorer import PrecisionError, UnsuitedTaskError
from harness.models.references import ModelRef
from tests.corpora import CORPORA
from tests.training.text_models import make_byt5, make_mt5

from . import models

FORMAT = {
    "version": 1,
    "kind": "classification",
    "marks": ["xnli: premise:", "hypothesis:"],
    "labels": ["neutral", "entailment", "contradiction"],
}
LANGUAGES = ("en", "ru", "zh")
TASKS = tuple(f"xtreme_xnli_{language}" for language in LANGUAGES)


def finetuned(folder: Path, model: str = "byt5", max_length: int = 120, **changed: object) -> Path:
    """A random text-to-text model with what a stage writes into its config.json."""
    if model == "byt5":
        make_byt5(folder)
    else:
        marks = "xnli: premise: hypothesis:"
        sentences = [*models._LETTERS.values(), "abcdefgh", marks, " ".join(models.XNLI)]
        make_mt5(folder, sentences, kind=model.upper())
    models.edit_config(folder, xstilts={"max_length": max_length, "text_format": FORMAT | changed})
    return folder


def score(checkpoint: Path, output: Path, xtreme: Path, **settings):
    settings = {"tasks": TASKS, "data_dir": xtreme} | settings
    return evaluate_checkpoint(EvaluationJob(checkpoint=ModelRef.at(checkpoint), output=output, **settings))


def direct(folder: Path, texts: list[str]) -> torch.Tensor:
    """log P(label words, end of sequence | text) by plain transformers, one at a time: (texts, labels)."""
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    if model.config.model_type == "umt5":
        # Published umT5s do not scale; transformers 5 does unless told otherwise after loading.
        model.config.tie_word_embeddings = False
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = []
    with torch.no_grad():
        for text in texts:
            row = []
            for label in FORMAT["labels"]:
                labels = tokenizer(label, return_tensors="pt").input_ids
                assert labels[0, -1] == tokenizer.eos_token_id
                output = model(**tokenizer(text, return_tensors="pt"), labels=labels)
                # The model's own loss: the mean over the tokens, with its own shifting.
                row.append(-output.loss.double() * labels.shape[1])
            rows.append(torch.stack(row))
    return torch.stack(rows)


@pytest.mark.parametrize(
    "model", ["mt5", *(pytest.param(m, marks=pytest.mark.slow) for m in ("byt5", "umt5"))]
)
def test_scores_are_the_likelihoods_of_words_and_end_item_for_item(model, tmp_path, xtreme):
    folder = finetuned(tmp_path / "model", model, max_length=1000)
    result = score(folder, tmp_path / "out", xtreme)
    files = (tmp_path / "out" / f"{name}.parquet" for name in ("predictions", "logprobs"))
    table, scored = (pq.read_table(path).to_pydict() for path in files)
    for found in result.scores:
        rows = load_evaluation_rows(CORPORA["xnli"], found.language, data_dir=xtreme).dataset
        pairs = zip(rows["text_a"], rows["text_b"], strict=True)
        # Column of each XNLI label among the checkpoint's.
        expected = direct(folder, [f"xnli: premise: {a} hypothesis: {b}" for a, b in pairs])[:, [1, 0, 2]]
        at = [row for row, task in enumerate(table["task"]) if task == found.task]
        logprobs = torch.tensor([scored["logprobs"][row] for row in at], dtype=torch.float64)
        torch.testing.assert_close(logprobs, expected, rtol=1e-5, atol=1e-4)
        predictions = expected.argmax(dim=1)
        assert [table["prediction"][row] for row in at] == [models.XNLI[label] for label in predictions]
        assert found.score == (predictions == torch.tensor(rows["label"])).double().mean()
        # What is compared depends on the input.
        assert float((expected[:, 0] - expected[:, 1]).std()) > 0.05
    written = json.loads((tmp_path / "out" / "results.json").read_text())
    assert written["config"]["model_text_format"]["marks"] == FORMAT["marks"]


def test_batches_do_not_change_the_scores(tmp_path, xtreme):
    folder = finetuned(tmp_path / "model", max_length=60)
    score(folder, tmp_path / "a", xtreme)
    score(folder, tmp_path / "b", xtreme, batch_size=3)
    found = [
        torch.tensor(pq.read_table(tmp_path / name / "logprobs.parquet")["logprobs"].to_pylist())
        for name in "ab"
    ]
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=1e-4)


def test_bf16_keeps_the_output_layer_in_fp32_and_fp16_is_refused(tmp_path, xtreme):
    folder = finetuned(tmp_path / "model", max_length=60)
    for precision in ("fp32", "bf16"):
        score(folder, tmp_path / precision, xtreme, precision=precision)
    exact, rough = (
        torch.tensor(pq.read_table(tmp_path / name / "logprobs.parquet")["logprobs"].to_pylist())
        for name in ("fp32", "bf16")
    )
    assert 0 < float((exact - rough).abs().max()) < 2
    # Of bf16 scores, with 8 bits, many would be equal.
    assert len({round(float(value), 4) for value in rough[:, 0]}) > 30
    with pytest.raises(PrecisionError, match="bf16"):
        score(folder, tmp_path / "fp16", xtreme, precision="fp16")


def test_a_stage_folder_is_scored_by_its_text_to_text_model(tmp_path):
    finetuned(tmp_path / "stage" / "text_to_text")
    found = open_checkpoint(ModelRef.at(tmp_path / "stage"))
    assert found.folder == tmp_path / "stage" / "text_to_text"
    assert found.labels == tuple(FORMAT["labels"]) and found.max_length == 120


def test_label_words_can_be_given_other_names(tmp_path, xtreme):
    folder = finetuned(tmp_path / "model", labels=["maybe", "yes", "no"])
    with pytest.raises(LabelMismatchError, match="--labels"):
        score(folder, tmp_path / "out", xtreme)
    score(folder, tmp_path / "out", xtreme, labels=("neutral", "entailment", "contradiction"))
    with pytest.raises(CheckpointError, match=r"2 labels were given.*3 outputs"):
        score(folder, tmp_path / "out", xtreme, labels=("neutral", "entailment"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"version": 99}, "version 99"),
        ({"unknown": 1}, r"xstilts\.text_format"),
    ],
)
def test_checkpoints_that_cannot_be_scored_are_refused(tmp_path, changed, message):
    with pytest.raises(CheckpointError, match=message):
        open_checkpoint(ModelRef.at(finetuned(tmp_path / "model", **changed)))


def test_a_checkpoint_of_another_task_is_refused(tmp_path, xtreme):
    folder = finetuned(tmp_path / "model", marks=["xnli: sentence:"])
    spans = finetuned(tmp_path / "spans", kind="span_extraction", labels=[])
    with pytest.raises(UnsuitedTaskError, match="trained on span_extraction does not score xnli"):
        score(spans, tmp_path / "out", xtreme)
    with pytest.raises(UnsuitedTaskError, match=r"reads 1 text\(s\).*have 2"):
        score(folder, tmp_path / "out", xtreme)


def test_missing_weights_are_refused_rather_than_drawn_at_random(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = finetuned(tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    del weights["decoder.final_layer_norm.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"lack 1 tensors .*decoder\.final_layer_norm"):
        XstiltsModel(folder)
