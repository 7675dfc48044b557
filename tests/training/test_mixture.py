import json

import pytest

from harness.kinds.registry import task_kind

from .kinds import FOLDERS, kind_task, write_kinds
from .models import TASK

ROWS = 60
KINDS = ["classification", *FOLDERS]
STILL = {"steps": 1, "learning_rate": 1e-9, "max_length": 32}
SETTINGS = {"steps": 420, "learning_rate": 5e-3, "max_length": 32}
EVEN = {"temperature": 1e6}
# Choosing takes longer to learn than the others.
LEARNABLE = {"weights": {kind: 3.0 if kind == "multiple_choice" else 1.0 for kind in KINDS}}


def tasks(*kinds):
    return {kind: TASK if kind == "classification" else kind_task(kind) for kind in kinds}


@pytest.fixture(scope="module")
def kinds(laboratory):
    write_kinds(laboratory.folder / "data", ROWS)
    return laboratory


def reusing(laboratory, name, stage, folder, task=TASK):
    """A job that changes next to nothing, with the encoder and a head of an earlier stage."""
    member = {"task": task, "head": laboratory.stage(stage, folder)}
    return laboratory.job(name, encoder=laboratory.stage(stage), member=member, **STILL)


@pytest.fixture(scope="module")
def learned(kinds):
    def mixed(name, *members, sampling=EVEN, **settings):
        return kinds.mixture(name, tasks(*members), sampling, **(SETTINGS | settings))

    short = {"steps": 12, "learning_rate": 1e-3}
    few = ("tagging", "masked_lm", "classification", "span_extraction")
    jobs = [
        mixed("mix-all", *KINDS, sampling=LEARNABLE),
        kinds.job("mix-after", encoder=kinds.stage("mix-all"), steps=2),
        *(mixed(f"mix-{level}", *few, deepspeed=level, **short) for level in ("zero0", "zero2", "zero3")),
        # The second member follows a step of the first, and its encoder has a pooler that it does without.
        *(
            mixed(f"pair-{level}", "classification", "masked_lm", deepspeed=level, **short)
            for level in ("zero0", "zero3")
        ),
        mixed("mix-bf16", *KINDS, deepspeed="zero2", precision="bf16", freeze_embeddings=True, **short),
        mixed("mix-accumulated", *few, deepspeed="zero2", accumulation=2, **short),
        mixed("mix-xlmr", "multiple_choice", "classification", "masked_lm", encoder="xlm-roberta", **short),
        mixed(
            "mix-one",
            *few,
            sampling={"weights": dict(zip(few, (1e-9, 1e-9, 1e9, 1e-9), strict=True))},
            **short,
        ),
        kinds.job("mix-alone", **short, max_length=32),
    ]
    jobs += [
        reusing(kinds, "reused-alone", "mix-alone", "classifier"),
        reusing(kinds, "reused-member", "mix-all", "heads/classification"),
        kinds.job("not-reused", encoder=kinds.stage("mix-alone"), **STILL),
        reusing(kinds, "reused-pooler", "mix-xlmr", "heads/multiple_choice", kind_task("multiple_choice")),
    ]
    answers = kinds.train(*jobs)
    assert all("result" in answer for answer in answers), answers
    return {job.digest: answer["result"] for job, answer in zip(jobs, answers, strict=True)}


def encoder(laboratory, name, part="encoder"):
    from safetensors.torch import load_file

    from harness.models.files import weight_files

    found = {}
    for file in weight_files(laboratory.stage(name, part)):
        found |= load_file(file)
    return found


def test_every_kind_of_a_mixture_learns_and_is_measured(learned):
    members = {member["name"]: member for member in learned["mix-all"]["members"]}
    steps = [180 if kind == "multiple_choice" else 60 for kind in KINDS]
    assert [member["steps"] for member in members.values()] == pytest.approx(steps, abs=2)
    least = {"multiple_choice": 0.5, "span_extraction": 0.2, "tagging": 0.8, "masked_lm": 0.2}
    for kind, bound in least.items():
        score = members[kind]["held_out"]["metrics"]
        assert bound < next(iter(score.values())) <= 1, kind
    for count in ("steps", "samples", "tokens"):
        assert learned["mix-all"][count] == sum(member[count] for member in members.values())


@pytest.mark.parametrize("kind", KINDS)
def test_each_head_loads_with_the_shared_encoder_as_the_standard_class(kind, learned, kinds):
    import transformers

    auto = getattr(transformers, task_kind(kind).model.head.auto_class)
    folder = kinds.stage("mix-all", f"heads/{kind}")
    model, report = auto.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] and not report["mismatched_keys"]
    shared = encoder(kinds, "mix-all")
    for name, tensor in model.state_dict().items():
        if name.startswith("bert."):
            assert bool((tensor == shared[name]).all()), name


def test_a_mixture_trains_in_bf16_with_frozen_embeddings_that_are_stored_once(learned, kinds):
    assert learned["mix-bf16"]["steps"] == 12
    frozen = {
        path.stat().st_ino
        for part in ("encoder", *(f"heads/{kind}" for kind in KINDS))
        for path in kinds.stage("mix-bf16", part).glob("model-00001-of-*.safetensors")
    }
    assert len(frozen) == 1


def test_the_encoder_passes_on_with_its_pooler(learned, kinds):
    assert learned["mix-after"]["steps"] == 2
    assert "bert.pooler.dense.weight" in encoder(kinds, "mix-all")


def test_a_pooler_that_was_never_pretrained_goes_with_the_heads_that_have_one(learned, kinds):
    assert not [name for name in encoder(kinds, "mix-xlmr") if "pooler" in name]
    index = kinds.stage("mix-xlmr", "heads/multiple_choice") / "model.safetensors.index.json"
    assert "roberta.pooler.dense.weight" in json.loads(index.read_text())["weight_map"]


@pytest.mark.parametrize(
    ("level_0", "other"),
    [
        ("mix-zero0", "mix-zero2"),
        ("mix-zero0", "mix-zero3"),
        ("mix-zero0", "mix-accumulated"),
        ("pair-zero0", "pair-zero3"),
    ],
)
def test_levels_and_accumulation_give_the_same_weights(level_0, other, learned, kinds):
    one, two = encoder(kinds, level_0), encoder(kinds, other)
    assert one.keys() == two.keys()
    assert max(float((one[name] - two[name]).abs().max()) for name in one) < 1e-5


def test_a_mixture_that_always_draws_one_task_trains_as_that_task_alone(learned, kinds):
    one, alone = encoder(kinds, "mix-one"), encoder(kinds, "mix-alone")
    assert one.keys() == alone.keys()
    # Not to the last bit: the norm of the gradient is summed over the words of both tasks.
    assert all(float((one[name] - alone[name]).abs().max()) < 1e-6 for name in one)


@pytest.mark.parametrize(
    ("stage", "earlier", "part"),
    [
        ("reused-alone", "mix-alone", "classifier"),
        ("reused-member", "mix-all", "heads/classification"),
        ("not-reused", "mix-alone", "classifier"),
    ],
)
def test_a_stage_reuses_the_head_of_an_earlier_one_or_of_its_mixture(stage, earlier, part, learned, kinds):
    now, then = encoder(kinds, stage, "classifier"), encoder(kinds, earlier, part)
    change = float((now["classifier.weight"] - then["classifier.weight"]).abs().max())
    assert change < 1e-6 if stage.startswith("reused") else change > 1e-3


def test_a_reused_head_brings_the_pooler_that_is_part_of_it(learned, kinds):
    now = encoder(kinds, "reused-pooler", "choice_scorer")
    then = encoder(kinds, "mix-xlmr", "heads/multiple_choice")
    for name in ("roberta.pooler.dense.weight", "classifier.weight"):
        assert float((now[name] - then[name]).abs().max()) < 1e-6
    assert not [name for name in encoder(kinds, "reused-pooler") if "pooler" in name]


@pytest.mark.slow
def test_a_killed_mixture_resumes_to_bit_identical_weights(kinds):
    settings = SETTINGS | {"steps": 24, "dropout": 0.1, "deepspeed": "zero2"}
    members = tasks("masked_lm", "tagging", "classification")
    killed = kinds.mixture("mix-killed", members, EVEN, **settings)
    assert kinds.train({"job": killed, "resume_every": 0.0, "kill_after_step": 9}, dies=True) == []
    answers = kinds.train(kinds.mixture("mix-whole", members, EVEN, **settings), killed)
    assert answers[1]["result"]["resumed_from_step"] >= 8
    whole, resumed = encoder(kinds, "mix-whole"), encoder(kinds, "mix-killed")
    assert all(bool((whole[name] == resumed[name]).all()) for name in whole)
    for key in ("members", "loss_curve"):
        assert answers[0]["result"][key] == answers[1]["result"][key]
