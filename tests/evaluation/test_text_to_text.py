import json
from pathlib import Path
from random import Random
from typing import Any

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
from harness.metrics.item_file import read_items
from harness.metrics.item_scores import decode
from harness.metrics.registry import metric
from harness.models.references import ModelRef
from tests.corpora import CORPORA
from tests.end_to_end.miniature import write_files
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


def generated(folder: Path, texts: list[str], longest: int) -> list[str]:
    """What transformers' own `generate` writes greedily, one text at a time."""
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    found = []
    for text in texts:
        given = tokenizer(text, return_tensors="pt", truncation=True, max_length=120)
        written = model.generate(**given, do_sample=False, num_beams=1, max_new_tokens=longest)
        found.append(tokenizer.decode(written[0], skip_special_tokens=True))
    return found


def answered(folder: Path, task: str, data: Path, output: Path) -> tuple[list[Any], dict[str, Any]]:
    """Return predictions and lm-eval's results of a task."""
    score(folder, output, data, tasks=(task,))
    items = read_items(output / "predictions.parquet")[task]
    results = json.loads((output / "results.json").read_text())["results"][task]
    return [decode(text) for text in items.predictions.decoded()], results


def test_generated_answers_to_questions_are_those_of_generate(tmp_path):
    folder = finetuned(
        tmp_path / "model", "mt5", kind="span_extraction", marks=["question:", "context:"], labels=[]
    )
    write_files(CORPORA["xquad"].task, CORPORA["xquad"].sources("de", "test").layouts[0], tmp_path, Random(1))
    rows = load_evaluation_rows(CORPORA["xquad"], "de", data_dir=(tmp_path,)).dataset
    predictions, results = answered(folder, "xtreme_xquad_de", tmp_path, tmp_path / "out")
    texts = [f"question: {row['text_a']} context: {row['text_b']}" for row in rows]
    direct = generated(folder, texts, 64)
    assert predictions == direct and len(set(direct)) > 1
    assert results["f1,none"] == metric("answer_f1").score(direct, rows["answer_texts"][:])


@pytest.mark.parametrize("name", [pytest.param("panx", marks=pytest.mark.slow), "udpos"])
def test_generated_tags_are_those_of_generate_and_what_cannot_be_read_is_counted(name, tmp_path):
    corpus = CORPORA[name]
    folder = finetuned(tmp_path / "model", "mt5", kind="tagging", marks=["tag:"], labels=[])
    write_files(corpus.task, corpus.sources("de", "test").layouts[0], tmp_path, Random(1))
    rows = load_evaluation_rows(corpus, "de", data_dir=(tmp_path,)).dataset
    predictions, results = answered(folder, f"xtreme_{name}_de", tmp_path, tmp_path / "out")
    direct = [
        [part.strip() for part in answer.split("$$") if part.strip()]
        for answer in generated(folder, [f"tag: {text}" for text in rows["text_a"][:]], 256)
    ]
    assert predictions == direct
    unread = sum(any(":" not in part for part in parts) for parts in direct) / len(direct)
    assert results["unparsable_answers,none"] == pytest.approx(unread) and unread > 0
    assert "f1,none" in results and "acc,none" not in results
