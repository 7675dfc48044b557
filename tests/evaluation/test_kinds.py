"""Every kind's head through lm-eval, against a computation by plain transformers, one input at a time."""

import collections
import json
import string
from pathlib import Path

import pytest

from harness.evaluation.job import EvaluationJob
from harness.evaluation.score import evaluate_checkpoint
from harness.evaluation.scorer import UnsuitedTaskError
from harness.kinds.examples import FaultyRowError
from harness.metrics.item_file import read_items
from harness.metrics.item_scores import decode
from harness.models.references import ModelRef
from tests.corpora import CORPORA

from . import models

LENGTH = 256


def make_model(folder: Path, head: str, labels: tuple[str, ...] = ()) -> Path:
    """A random BERT with a head, whose answers depend on its inputs."""
    import torch
    import transformers

    torch.manual_seed(3)
    names = {"id2label": dict(enumerate(labels)), "label2id": {name: at for at, name in enumerate(labels)}}
    config = transformers.BertConfig(
        vocab_size=260,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=LENGTH,
        pad_token_id=0,
        **(names if labels else {}),
    )
    config.xstilts = {"max_length": LENGTH}
    built = getattr(transformers, f"BertFor{head}")(config)
    with torch.no_grad():
        for parameter in built.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.4)
    built.save_pretrained(folder)
    models.make_tokenizer(folder, segments=True)
    return folder


def score(folder: Path, task: str, data: Path, output: Path, limit: int, **settings):
    job = EvaluationJob(
        checkpoint=ModelRef.at(folder), tasks=(task,), data_dir=data, limit=limit, output=output, **settings
    )
    (found,) = evaluate_checkpoint(job).scores
    items = read_items(output / "predictions.parquet")[task]
    results = json.loads((output / "results.json").read_text())["results"][task]
    assert found.items == len(items) == limit
    predictions, references = (
        [decode(text) for text in column.decoded()] for column in (items.predictions, items.references)
    )
    return found, predictions, references, results


def load(folder: Path, head: str):
    import transformers

    model = getattr(transformers, f"BertFor{head}").from_pretrained(folder).eval()
    return model.requires_grad_(False), transformers.AutoTokenizer.from_pretrained(folder)


def test_xcopa(tmp_path, shared_data):
    folder = make_model(tmp_path / "model", "MultipleChoice")
    found, predictions, references, results = score(folder, "xcopa_zh", shared_data, tmp_path / "out", 100)
    model, tokenizer = load(folder, "MultipleChoice")
    asked = {"cause": "What was the cause for this?", "effect": "What happened as a result?"}
    lines = (shared_data / "xcopa" / "test-zh.jsonl").read_text(encoding="utf-8").splitlines()
    direct, gold = [], []
    for row in map(json.loads, lines[:100]):
        first = f"{row['premise'].strip()} {asked[row['question']]}"
        given = tokenizer([first] * 2, [row["choice1"], row["choice2"]], return_tensors="pt", padding=True)
        logits = model(**{name: value[None] for name, value in given.items()}).logits[0]
        direct.append(int(logits.argmax()))
        gold.append(row["label"])
    assert predictions == direct and references == gold
    assert set(direct) == {0, 1}
    accuracy = sum(a == b for a, b in zip(direct, gold, strict=True)) / 100
    assert found.score == results["acc,none"] == pytest.approx(accuracy, abs=1e-12)


def test_wikiann(tmp_path, shared_data):
    from seqeval.metrics import f1_score

    # In another order than the corpus has them: they are matched by name.
    labels = tuple(reversed(CORPORA["panx"].labels))
    folder = make_model(tmp_path / "model", "TokenClassification", labels)
    job = (folder, "xtreme_panx_de", tmp_path / "data", tmp_path / "out", 150)
    sentences = sentences_of(shared_data / "xtreme" / "panx" / "dev-de.tsv", 150)
    (tmp_path / "data" / "xtreme" / "panx").mkdir(parents=True)
    text = "\n".join("".join(f"{word}\t{tag}\n" for word, tag in sentence) for sentence in sentences)
    (tmp_path / "data" / "xtreme" / "panx" / "test-de.tsv").write_text(text, encoding="utf-8")
    found, predictions, references, results = score(*job)
    model, tokenizer = load(folder, "TokenClassification")
    direct = []
    for sentence in sentences:
        # A byte-level tokenizer: a word within a text has a blank before it.
        given = tokenizer([f" {word}" for word, _ in sentence], is_split_into_words=True, return_tensors="pt")
        assert given["input_ids"].shape[1] <= LENGTH
        logits = model(**given).logits[0]
        places = given.word_ids()
        firsts = [places.index(word) for word in range(len(sentence))]
        direct.append([labels[int(logits[place].argmax())] for place in firsts])
    gold = [[tag for _, tag in sentence] for sentence in sentences]
    assert predictions == direct and references == gold
    assert found.metric == "span_f1"
    assert found.score == results["f1,none"] == pytest.approx(f1_score(gold, direct), abs=1e-9)
    tags = [(a, b) for one, two in zip(gold, direct, strict=True) for a, b in zip(one, two, strict=True)]
    accuracy = sum(a == b for a, b in tags) / len(tags)
    assert found.scores["token_accuracy"] == results["acc,none"] == pytest.approx(accuracy, abs=1e-12)


def sentences_of(file: Path, count: int) -> list[list[tuple[str, str]]]:
    """Sentences of few enough bytes for one input of the byte-level model."""
    found = [
        [tuple(line.split("\t")) for line in part.splitlines()]
        for part in file.read_text(encoding="utf-8").split("\n\n")
        if part.strip()
    ]
    return [part for part in found if sum(len(word.encode()) + 1 for word, _ in part) < LENGTH - 2][:count]


def test_tydiqa(tmp_path, shared_data):
    folder = make_model(tmp_path / "model", "QuestionAnswering")
    # XTREME's files of the development set have no answers in them; the training file has.
    data = json.loads((shared_data / "xtreme" / "tydiqa" / "train-en.json").read_text(encoding="utf-8"))
    # XTREME numbers the questions within each passage; the development set's own ids are unique.
    asked = [qa for article in data["data"] for passage in article["paragraphs"] for qa in passage["qas"]]
    for number, question in enumerate(asked):
        question["id"] = f"english-{number}"
    train = json.dumps(data)
    (tmp_path / "data" / "xtreme" / "tydiqa").mkdir(parents=True)
    (tmp_path / "data" / "xtreme" / "tydiqa" / "dev-en.json").write_text(train, encoding="utf-8")
    found, predictions, references, results = score(
        folder, "xtreme_tydiqa_en", tmp_path / "data", tmp_path / "out", 40
    )
    model, tokenizer = load(folder, "QuestionAnswering")
    questions = [
        (question["question"], paragraph["context"], [answer["text"] for answer in question["answers"]])
        for article in data["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ][:40]
    direct = [best_answer(model, tokenizer, question, context) for question, context, _ in questions]
    assert predictions == direct
    assert references == [answers for _, _, answers in questions]
    pairs = [(text, answers) for text, (_, _, answers) in zip(direct, questions, strict=True)]
    f1 = sum(max(word_f1(text, answer) for answer in answers) for text, answers in pairs) / 40
    exact = sum(max(normal(text) == normal(answer) for answer in answers) for text, answers in pairs) / 40
    assert found.score == results["f1,none"] == pytest.approx(f1, abs=1e-9)
    assert found.scores["exact_match"] == results["exact_match,none"] == pytest.approx(exact, abs=1e-9)
    assert f1 > 0


def best_answer(model, tokenizer, question: str, context: str) -> str:
    """SQuAD's decoding: of the 20 best starts and ends the pair with the highest sum, at most 30 tokens."""
    given = tokenizer(
        question.encode()[:64].decode(errors="ignore"),
        context,
        truncation="only_second",
        max_length=LENGTH,
        stride=(LENGTH - 64 - 3) // 2,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    best = (-float("inf"), "")
    for window, ids in enumerate(given["input_ids"]):
        import torch

        output = model(
            input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([given["token_type_ids"][window]])
        )
        offsets, of = given["offset_mapping"][window], given.sequence_ids(window)
        starts, ends = output.start_logits[0].tolist(), output.end_logits[0].tolist()
        inside = [at for at in range(len(ids)) if of[at] == 1]
        top = [sorted(inside, key=lambda at, one=scores: -one[at])[:20] for scores in (starts, ends)]
        for first in top[0]:
            for last in top[1]:
                if first <= last < first + 30 and starts[first] + ends[last] > best[0]:
                    text = context[offsets[first][0] : offsets[last][1]].strip()
                    best = (starts[first] + ends[last], text)
    return best[1]


def normal(text: str) -> str:
    kept = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(word for word in kept.split() if word not in ("a", "an", "the"))


def word_f1(text: str, answer: str) -> float:
    given, due = normal(text).split(), normal(answer).split()
    shared = sum((collections.Counter(given) & collections.Counter(due)).values())
    if not given or not due:
        return float(given == due)
    return 0.0 if not shared else 2 * shared / (len(given) + len(due))


def test_a_head_of_another_kind_is_refused(tmp_path, shared_data):
    folder = make_model(tmp_path / "model", "MultipleChoice")
    with pytest.raises(UnsuitedTaskError, match="ForMultipleChoice does not score panx"):
        score(folder, "xtreme_panx_sw", panx_without_test(shared_data, tmp_path), tmp_path / "out", 5)


def panx_without_test(shared_data: Path, folder: Path) -> Path:
    (folder / "xtreme" / "panx").mkdir(parents=True)
    rows = (shared_data / "xtreme" / "panx" / "dev-sw.tsv").read_text(encoding="utf-8")
    (folder / "xtreme" / "panx" / "test-sw.tsv").write_text(rows, encoding="utf-8")
    return folder


@pytest.mark.parametrize("task", ["xtreme_tydiqa_en", "xtreme_xquad_zh"])
def test_files_without_gold_are_refused(tmp_path, shared_data, task):
    folder = make_model(tmp_path / "model", "QuestionAnswering")
    with pytest.raises(FaultyRowError, match=r"answers of all .* are empty"):
        score(folder, task, shared_data, tmp_path / "out", 5)


STSB = """\
name: similar
kind: regression
title: Similar sentences
inputs: [a, b]
score: score
minimum: 0
maximum: 5
languages: [en]
splits: [test]
sources:
  folder: {path: "similar/{language}.tsv", format: tsv}
"""


def test_regression(tmp_path):
    from scipy.stats import pearsonr, spearmanr

    folder = make_model(tmp_path / "model", "SequenceClassification", ("number",))
    models.edit_config(folder, problem_type="regression")
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "similar.yaml").write_text(STSB)
    (tmp_path / "similar").mkdir()
    rows = [(f"text {row * row}", "other " * (row % 7 + 1), (row * 37 % 50) / 10) for row in range(30)]
    lines = ["a\tb\tscore", *("\t".join(map(str, row)) for row in rows)]
    (tmp_path / "similar" / "en.tsv").write_text("\n".join(lines) + "\n")
    found, predictions, references, results = score(
        folder, "similar_en", tmp_path, tmp_path / "out", 30, task_folders=(tmp_path / "tasks",)
    )
    logits = models.direct_logits(folder, [row[:2] for row in rows], LENGTH)[:, 0].tolist()
    assert predictions == pytest.approx(logits, abs=1e-5)
    assert references == [row[2] for row in rows]
    for name, correlation in (("pearson", pearsonr), ("spearman", spearmanr)):
        expected = pytest.approx(correlation(predictions, references)[0], abs=1e-9)
        assert found.scores[name] == expected and results[f"{name},none"] == expected
