import pytest

from harness.config.evaluation_task import EvaluationTask
from harness.config.hyperparameters import Hyperparameters, Optimizer, Precision, Schedule
from harness.config.mixture import Sampling
from harness.kinds.registry import KINDS, kind_of, text_form, training_task
from harness.planning.identity import MemberIdentity, evaluation_digest, stage_digest
from tests.corpora import CORPORA

TASK = training_task(
    {
        "name": "toy",
        "kind": "classification",
        "title": "Toy",
        "citation": "none",
        "license": "none",
        "inputs": ("a", "b"),
        "label": "label",
        "labels": ("no", "yes"),
        "sources": {"folder": {"path": "toy.tsv", "format": "tsv", "columns": ("a", "b", "label")}},
    }
)
WORDS = training_task(
    {
        "name": "words",
        "kind": "masked_lm",
        "title": "Words",
        "sources": {"folder": {"path": "words.txt", "format": "text"}},
    }
)
SETTINGS = Hyperparameters()
NLI = ("entailment", "neutral", "contradiction")


def digest(task=TASK, settings=SETTINGS, parent="0" * 32, data="d", seed=1, sampling=None, **member):
    identity = MemberIdentity(task, data, settings, **member)
    return stage_digest(parent, [identity], Sampling.model_validate(sampling or {}), settings, seed)


@pytest.mark.parametrize(
    "changed",
    [
        {"settings": SETTINGS.overridden({"learning_rate": 3e-5})},
        {"settings": SETTINGS.overridden({"batch_size": 16})},
        {"settings": SETTINGS.overridden({"precision": Precision.FP32})},
        {"settings": SETTINGS.overridden({"freeze_embeddings": True})},
        {"settings": SETTINGS.overridden({"steps": 10})},
        {"settings": SETTINGS.overridden({"train_rows": 10})},
        {"task": TASK.model_copy(update={"labels": ("yes", "no")})},
        {"parent": "1" * 32},
        {"data": "other"},
        {"seed": 2},
        {"held_out": "h"},
    ],
)
def test_what_can_change_the_weights_changes_the_digest(changed):
    assert digest(**changed) != digest()


def test_names_places_and_split_work_stay_out():
    renamed = TASK.model_copy(update={"name": "other", "title": "Other", "scored_by": ("x",)})
    assert digest(task=renamed) == digest()
    assert digest(settings=SETTINGS.overridden({"accumulation": 4})) == digest()
    assert digest(settings=SETTINGS.overridden({"activation_checkpointing": True})) == digest()


def test_epochs_do_not_count_where_steps_are_given():
    one = SETTINGS.model_copy(update={"steps": 5, "epochs": 1.0})
    other = SETTINGS.model_copy(update={"steps": 5, "epochs": 2.0})
    assert digest(settings=one) == digest(settings=other)


def test_every_setting_but_accumulation_enters_the_digest():
    changes = {
        "epochs": 2.0, "steps": 7, "learning_rate": 1e-4, "batch_size": 64, "max_length": 64,
        "warmup_ratio": 0.2, "weight_decay": 0.1, "max_grad_norm": 2.0, "precision": Precision.FP32,
        "freeze_embeddings": True,
        "dropout": 0.0, "train_rows": 5, "schedule": Schedule.CONSTANT,
        "optimizer": Optimizer.ADAFACTOR, "layer_decay": 0.9, "warmup_steps": 3, "label_smoothing": 0.1,
        "adapter": {"rank": 4}, "early_stopping": {"patience": 2},
    }  # fmt: skip
    assert set(changes) == set(Hyperparameters.model_fields) - {
        "accumulation",
        "activation_checkpointing",
        "head",
    }
    digests = {digest(settings=SETTINGS.overridden({name: value})) for name, value in changes.items()}
    assert len(digests | {digest()}) == len(changes) + 1


def test_settings_that_came_later_leave_earlier_digests_as_they_were():
    # Of the release before there were any; a store's stages are found by it.
    assert digest(settings=Hyperparameters()) == "518d4f134255c01590b84fada48c12a5"
    assert digest(settings=SETTINGS.overridden({"optimizer": "adamw", "layer_decay": None})) == digest()
    given = SETTINGS.overridden({"warmup_steps": 3})
    assert digest(settings=given) == digest(settings=given.overridden({"warmup_ratio": 0.5}))


def test_the_version_of_a_kind_enters_the_digests_of_its_own_stages_alone(monkeypatch):
    kind = type(kind_of(WORDS))
    assert {name for name in KINDS.names() if KINDS.get(name).version > 1} == {"masked_lm"}
    found = digest(task=WORDS)
    monkeypatch.setattr(kind, "version", 1)
    assert digest(task=WORDS) == "dc91ebf1391bec81ec298f29ac1905d2" != found
    assert digest() == PINNED


def test_text_to_text_models_know_names_columns_and_version_of_the_format():
    def read(task=TASK, **changed):
        words = text_form(task).format.model_copy(update=changed)
        return digest(task=task, text_format=words)

    renamed = TASK.model_copy(update={"name": "other"})
    column = TASK.model_copy(update={"inputs": ("a", "c")})
    assert len({digest(), read(), read(renamed), read(column), read(version=2)}) == 5
    assert read(TASK.model_copy(update={"title": "Other"})) == read()


def test_a_reused_head_enters_the_digest_where_there_is_one():
    assert digest(settings=SETTINGS.overridden({"head": "reuse"})) == digest()
    reused = {digest(head=head) for head in (("1" * 32, 0), ("1" * 32, 1), ("2" * 32, 0))}
    assert len(reused | {digest()}) == 4


def test_how_members_are_drawn_does_not_count_where_there_is_one():
    assert digest(sampling={"cap": 10, "temperature": 2.0}) == digest()


def mixture(sampling=None, data=("d", "e"), settings=SETTINGS, own=SETTINGS, swap=False):
    rule = Sampling.model_validate(sampling or {})
    members = [
        MemberIdentity(TASK, rows, its, weight=(rule.weights or {}).get(name))
        for name, rows, its in zip(("first", "second"), data, (settings, own), strict=True)
    ]
    return stage_digest("0" * 32, members[::-1] if swap else members, rule, settings, 1)


def test_what_can_change_a_mixture_changes_its_digest():
    different = [
        mixture({"cap": 10}),
        mixture({"temperature": 2.0}),
        mixture({"weights": {"first": 1, "second": 2}}),
        mixture({"weights": {"first": 2, "second": 1}}),
        mixture(data=("d", "f")),
        mixture(settings=SETTINGS.overridden({"learning_rate": 3e-5})),
        mixture(own=SETTINGS.overridden({"max_length": 256})),
        mixture(own=SETTINGS.overridden({"train_rows": 10})),
        mixture(swap=True),
        digest(),
    ]
    assert len({*different, mixture()}) == len(different) + 1
    assert mixture(settings=SETTINGS.overridden({"accumulation": 4})) == mixture()


def test_digest_is_pinned():
    """A change here means that every store must be trained anew: raise STAGE_VERSION on purpose only."""
    assert digest() == PINNED


def test_evaluation_digest_knows_data_split_limit_and_precision_but_not_the_order_of_tasks():
    tasks = [
        EvaluationTask(f"xtreme_xnli_{language}", CORPORA["xnli"], language, 1.0) for language in ("en", "de")
    ]
    data = {"xtreme_xnli_en": "1", "xtreme_xnli_de": "2"}

    def of(order=tasks, prints=data, split="test", limit=None, precision=Precision.BF16, stage="0" * 32):
        return evaluation_digest(stage, order, prints, split, limit, precision)

    assert of(order=tasks[::-1]) == of()
    different = [
        of(order=tasks[:1]),
        of(prints=data | {"xtreme_xnli_de": "3"}),
        of(split="validation"),
        of(limit=5),
        of(precision=Precision.FP32),
        of(stage="1" * 32),
    ]
    assert len({*different, of()}) == len(different) + 1


PINNED = "518d4f134255c01590b84fada48c12a5"
