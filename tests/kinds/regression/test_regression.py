import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from harness.config.catalogue import Catalogue
from harness.config.problem import SpecError
from harness.config.training_task_file import check_training_task
from harness.config.yaml_source import read_yaml
from harness.data.rows import load_training_rows
from harness.kinds.collator import Draw
from harness.kinds.examples import FaultyRowError
from harness.kinds.registry import kind_of, text_form, training_task
from harness.kinds.token_rows import TokenizedRows
from tests.config.files import write
from tests.kinds.tasks import folder_task
from tests.training.conftest import Laboratory, laboratory  # noqa: F401 the fixture
from tests.training.models import WORDS

STSB = {"inputs": ["a", "b"], "minimum": 0, "maximum": 5}
# GLUE's header of train.tsv.
HEADER = "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n"


def jsonl(folder: Path, *rows: dict[str, Any]) -> None:
    (folder / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def test_the_shipped_task_reads_glues_file(tmp_path: Path) -> None:
    folder = tmp_path / "glue" / "STS-B"
    folder.mkdir(parents=True)
    row = '0\tmain-news\tx\t2012\t0001\tnone\tnone\tHe "sat" down.\tShe sat.\t2.500\n'
    (folder / "train.tsv").write_text(HEADER + row)
    rows = load_training_rows(Catalogue.load().training_tasks["stsb"], data_dir=tmp_path)
    assert rows.dataset.to_list() == [{"text_a": 'He "sat" down.', "text_b": "She sat.", "label": 2.5}]
    assert "5,749" in rows.warnings[0]


@pytest.mark.parametrize(
    ("score", "says"),
    [
        (None, "line 2: score is None, not a finite number"),
        ("high", "line 2: score is 'high', not a finite number"),
        ("nan", "not a finite number"),
        (True, "not a finite number"),
        (1e999, "line 2: .*not a finite number"),
        (5.01, "line 2: score is 5.01, outside of 0 to 5; correct the row, or the task's 'minimum'"),
        (-0.2, "outside of 0 to 5"),
    ],
)
def test_a_faulty_score_is_refused_by_its_row(tmp_path: Path, score: object, says: str) -> None:
    valid = {"a": "x", "b": "y", "score": 5}
    jsonl(tmp_path, valid, valid | {"score": score})
    with pytest.raises(FaultyRowError, match=says):
        load_training_rows(folder_task("regression", "jsonl", **STSB), data_dir=tmp_path)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("minimum: 5", "maximum"),
        ("minimum: .nan", "minimum"),
        ("score: a", "score"),
        ("labels: [a, b]", "labels"),
        ("inputs: [a, a]", "inputs"),
    ],
)
def test_a_malformed_task_is_refused(tmp_path: Path, change: str, key: str) -> None:
    fields = {"inputs": "[a, b]", "minimum": "0", "maximum": "5"} | dict([change.split(": ")])
    head = "name: own\nkind: regression\ntitle: t\nsources: {folder: {path: a.tsv, format: tsv}}\n"
    text = head + "".join(f"{name}: {value}\n" for name, value in fields.items())
    with pytest.raises(SpecError) as caught:
        check_training_task(read_yaml(write(tmp_path, "own.yaml", text)), {})
    assert key in {problem.key for problem in caught.value.problems}


def test_the_loss_is_the_mean_squared_error_and_a_row_that_counts_nothing_has_none(
    laboratory: Laboratory,  # noqa: F811
    tmp_path: Path,
) -> None:
    from transformers import AutoTokenizer

    jsonl(tmp_path, *({"a": "word1", "b": "word2", "score": score} for score in (0, 1.5, 4)))
    task = folder_task("regression", "jsonl", **STSB)
    rows, model = load_training_rows(task, data_dir=tmp_path), kind_of(task).model
    tokenizer = AutoTokenizer.from_pretrained(laboratory.folder / "bert")
    collator = model.collator(task, TokenizedRows.of(model.features(task, rows.dataset, tokenizer, 16)))
    batch = collator.tensors(np.arange(3), torch.device("cpu"), Draw(0, 0))
    logits = torch.tensor([[1.0], [1.0], [2.0]], dtype=torch.bfloat16, requires_grad=True)
    loss = model.head.loss_sum(SimpleNamespace(logits=logits), batch["labels"], batch["attention_mask"])
    assert loss.dtype == torch.float32 and loss.item() == 1 + 0.25 + 4
    none = collator.tensors(np.array([], np.int64), torch.device("cpu"), Draw(0, 0))
    idle = model.head.loss_sum(SimpleNamespace(logits=logits[:1]), none["labels"], none["attention_mask"])
    idle.backward()
    assert idle.item() == 0 and not logits.grad.any()


def test_a_text_to_text_model_writes_numbers_in_steps_as_t5() -> None:
    def form(minimum: float, maximum: float) -> Any:
        return text_form(
            folder_task("regression", "jsonl", **(STSB | {"minimum": minimum, "maximum": maximum}))
        )

    stsb = form(0, 5)
    assert stsb.marks == ("own: a:", "b:")
    # T5's preprocessor: tf.as_string(tf.round(score * 5) / 5, precision=1)
    assert stsb.targets({"label": [0.0, 2.57, 3.3, 5.0]}) == ["0.0", "2.6", "3.2", "5.0"]
    assert form(0, 1).targets({"label": [0.5, 0.99]}) == ["0.48", "1.00"]
    assert [stsb.prediction(text) for text in ("3.4", "none", "nan")] == [3.4, 0, 0]


@pytest.fixture(scope="module")
def trained(laboratory: Laboratory) -> dict[str, Any]:  # noqa: F811
    """A stage that learns how many words of the first sentence have even numbers."""
    draw = random.Random(5)
    sentences = [draw.choices(WORDS[:6], k=5) for _ in range(60)]
    numbers = [sum(int(word.removeprefix("word")) % 2 == 0 for word in words) for words in sentences]
    folder = laboratory.folder / "data"
    jsonl(
        folder,
        *({"a": " ".join(w), "b": "word1", "score": n} for w, n in zip(sentences, numbers, strict=True)),
    )
    task = folder_task("regression", "jsonl", **STSB)
    settings = {"epochs": 12, "learning_rate": 5e-3, "max_length": 16}
    first = laboratory.job("regression", member={"task": task}, **settings)
    (answer,) = laboratory.train(first)
    return dict(answer["result"])


def test_an_encoder_learns_numbers_and_is_measured_by_correlations(trained: dict[str, Any]) -> None:
    (member,) = trained["members"]
    assert member["folder"] == "regressor"
    scores = member["held_out"]["metrics"]
    assert list(scores) == ["pearson", "spearman"]
    assert 0.5 < scores["pearson"] <= 1 and 0.5 < scores["spearman"] <= 1


def test_the_checkpoint_loads_as_the_standard_class(
    trained: dict[str, Any],
    laboratory: Laboratory,  # noqa: F811
) -> None:
    from transformers import AutoModelForSequenceClassification

    folder = laboratory.stage("regression", "regressor")
    model, report = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] and not report["mismatched_keys"] and not report["unexpected_keys"]
    assert (model.config.problem_type, model.config.num_labels) == ("regression", 1)


def test_another_range_is_another_head() -> None:
    one, other = (
        training_task(folder_task("regression", "jsonl", **STSB).model_dump() | {"maximum": most})
        for most in (5, 4)
    )
    assert kind_of(one).same_head(one, one) and not kind_of(one).same_head(one, other)
