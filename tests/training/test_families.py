"""What the table of families promises, for each of its encoders and decoders and each of their kinds.

The slow half tries all; it also holds docs/reference/models.md to what was tried.
"""

import json
import random

import pytest

from harness.kinds.registry import KINDS, kind_of, training_task
from harness.kinds.token_rows import TokenizedRows
from harness.models.families import FAMILIES, Structure
from harness.models.generic import auto_class
from harness.models.references import ModelRef
from harness.models.tokenizer import fast_tokenizer
from harness.models.xmod import set_language
from tests.conftest import ROOT

from .families import CONFIGS, make_model
from .kinds import kind_task, write_kinds
from .models import TASK, WORDS

SETTINGS = {"steps": 6, "batch_size": 8, "max_length": 40, "learning_rate": 1e-3, "dropout": None}
XNLI = ("entailment", "neutral", "contradiction")
QUICK = [("xmod", "tagging"), ("qwen3", "classification")]
REGRESSION = training_task(
    {
        "name": "tiny_numbers",
        "kind": "regression",
        "title": "Lengths",
        "citation": "none",
        "license": "CC0",
        "inputs": ["text"],
        "score": "score",
        "minimum": 0,
        "maximum": 3,
        "sources": {"folder": {"path": "tiny/numbers.tsv", "format": "tsv", "columns": ["text", "score"]}},
    }
)


def task_of(kind):
    return {"classification": TASK, "regression": REGRESSION}.get(kind) or kind_task(kind)


@pytest.fixture(scope="session")
def families(laboratory):
    """The laboratory with rows of each kind, and XNLI's rows in two languages."""
    write_kinds(laboratory.folder / "data", 40)
    drawing = random.Random(5)
    texts = [" ".join(drawing.choices(WORDS, k=drawing.randint(1, 9))) for _ in range(40)]
    lines = [f"{text}\t{len(text) / 40}\n" for text in texts]
    (laboratory.folder / "data" / "tiny" / "numbers.tsv").write_text("".join(lines))
    folder = laboratory.folder / "data" / "xtreme" / "xnli"
    folder.mkdir(parents=True)
    pairs = zip(texts, texts[5:], strict=False)
    # The same labels in both languages: their rows are translations of each other.
    lines = [f"{one}\t{other}\t{drawing.choice(XNLI)}\n" for one, other in pairs]
    for language in ("en", "de"):
        (folder / f"test-{language}.tsv").write_text("".join(lines))
    return laboratory


def first_and_second(families, model_type, kind):
    """A stage of a kind by two ZeRO levels, and one of classification that goes on with its encoder."""
    if not (families.folder / model_type / "config.json").exists():
        make_model(families.folder / model_type, model_type)
    member, name = {"task": task_of(kind)}, f"{model_type}-{kind}"
    two = families.job(name, "zero2", model_type, member, **SETTINGS)
    three = families.job(f"{name}-zero3", "zero3", model_type, member, **SETTINGS)
    second = families.job(f"{name}-second", "zero2", families.stage(name), **SETTINGS)
    return two, three, second


def check(families, jobs, answers):
    """Both levels give the same weights, and the stage's checkpoint is what transformers makes of it."""
    assert all("result" in answer for answer in answers), answers
    two, three, _ = jobs
    folder = KINDS.get(two.members[0].task.kind).model.head.folder
    one, other = (tensors(families.stage(job.digest, folder)) for job in (two, three))
    assert one.keys() == other.keys()
    names = [name for name in one if has_gradient(name, two.members[0].task.kind)]
    assert max(float((one[name] - other[name]).abs().max()) for name in names) < 1e-5
    compare_padded_with_alone(families, two.members[0].task, families.stage(two.digest, folder))


def has_gradient(name, kind):
    """Whether more than rounding is left of a parameter's gradient, which Adam makes as large as any other.

    A softmax does not see what is added to all of its inputs: a bias of the keys, and where it runs over
    positions or candidates those of the head and of the last norm. With SGD in Adam's place, or an epsilon of
    1e-3, the two levels differ in no weight by more than 3e-7.
    """
    if name.endswith(("key.bias", "k_proj.bias", "k_lin.bias")):
        return False
    return not (name.endswith(".bias") and kind in ("multiple_choice", "span_extraction"))


def tensors(folder):
    from harness.models.adapters import weights_of

    return weights_of(folder)


def compare_padded_with_alone(families, task, folder):
    """The head's outputs in the batches of the harness are those of transformers for each input alone."""
    import numpy as np
    import torch

    from harness.data.rows import load_training_rows
    from harness.kinds.collator import Draw

    model, report = auto_class(kind_of(task).model.head.auto_class).from_pretrained(
        folder, output_loading_info=True
    )
    assert not report["missing_keys"] and not report["unexpected_keys"]
    rows = load_training_rows(task, data_dir=families.folder / "data")
    task = kind_of(task).with_labels(task, rows.labels)
    half, tokenizer = kind_of(task).model, fast_tokenizer(ModelRef.at(folder))
    tokens = TokenizedRows.of(half.features(task, rows.dataset.select(range(6)), tokenizer, 40))
    collator = half.collator(task, tokens)
    inputs = collator.tensors(np.arange(6), torch.device("cpu"), Draw(0, 0))
    inputs.pop("labels")
    with torch.no_grad():
        together = model.eval()(**inputs)
        for row in range(6):
            # Candidates of one row stay padded to the longest of them.
            width = int(inputs["attention_mask"][row].sum(-1).max())
            alone = model(**{name: value[row : row + 1, ..., :width] for name, value in inputs.items()})
            for name in ("logits", "start_logits", "end_logits"):
                if name in alone:
                    due = alone[name][0]
                    found = together[name][row][: len(due)] if due.dim() else together[name][row]
                    torch.testing.assert_close(found, due, rtol=0, atol=1e-5)


def compare_lm_eval_with_transformers(families, folder):
    """The log-probabilities that lm-eval is given are those of transformers, an input at a time, in fp32."""
    import torch

    from harness.evaluation.datasets import scored_rows
    from harness.evaluation.model import XstiltsModel

    scorer = XstiltsModel(folder, label_names=XNLI)
    tokenizer = scorer.checkpoint.tokenizer
    model = auto_class("AutoModelForSequenceClassification").from_pretrained(folder).eval()
    between = "\n" if tokenizer.sep_token is None else ""
    for language in ("de", "en"):
        rows = scored_rows("xnli", language, "test", families.folder / "data")
        documents = list(rows.rows.dataset)
        found = scorer._scorer.log_probabilities(rows.corpus, documents, lambda progress: None)
        set_language(model.config, language)
        for document, scores in zip(documents, found, strict=True):
            given = tokenizer(document["text_a"], between + document["text_b"], return_tensors="pt")
            with torch.no_grad():
                direct = model(**given).logits[0].double().log_softmax(-1)
            torch.testing.assert_close(torch.from_numpy(scores), direct, rtol=0, atol=1e-5)


def test_new_families_train_go_on_and_score_as_transformers_does(families):
    jobs = [first_and_second(families, *pair) for pair in QUICK]
    answers = families.train(*(job for group in jobs for job in group))
    for at, group in enumerate(jobs):
        check(families, group, answers[3 * at : 3 * at + 3])
        compare_lm_eval_with_transformers(families, families.stage(group[2].digest, "classifier"))


@pytest.mark.slow
@pytest.mark.parametrize("model_type", CONFIGS)
def test_every_family_keeps_what_its_table_promises(families, weights, model_type):
    kinds = [kind for kind in FAMILIES[model_type].kinds if KINDS.get(kind).is_trained]
    jobs = [first_and_second(families, model_type, kind) for kind in kinds]
    killed = families.job(f"{model_type}-killed", "zero2", model_type, **SETTINGS | {"dropout": 0.1})
    whole = families.job(f"{model_type}-whole", "zero2", model_type, **SETTINGS | {"dropout": 0.1})
    families.train({"job": killed, "resume_every": 0.0, "kill_after_step": 4}, dies=True)
    answers = families.train(*(job for group in jobs for job in group), whole, killed)
    for at, group in enumerate(jobs):
        check(families, group, answers[3 * at : 3 * at + 3])
    compare_lm_eval_with_transformers(families, families.stage(jobs[0][2].digest, "classifier"))
    assert answers[-1]["result"]["resumed_from_step"] >= 3
    one, other = weights(whole.digest), weights(killed.digest)
    assert all(bool((one[name] == other[name]).all()) for name in one)
    print(json.dumps({"family": model_type, "kinds": kinds}))


def test_the_page_of_models_is_the_table_that_was_tried():
    page = (ROOT / "docs" / "reference" / "models.md").read_text(encoding="utf-8")
    assert table() in page


def table():
    """The table of docs/reference/models.md: of each family the kinds that the tests above try."""
    lines = ["| `model_type` | models | structure | kinds of task |", "|:--|:--|:--|:--|"]
    for name, family in FAMILIES.items():
        lines.append(f"| `{name}` | {family.models} | {family.structure} | {', '.join(family.kinds)} |")
    return "\n".join(lines)


def test_every_family_that_is_no_text_to_text_model_is_tried():
    due = [
        family.model_type for family in FAMILIES.values() if family.structure is not Structure.TEXT_TO_TEXT
    ]
    assert list(CONFIGS) == due
