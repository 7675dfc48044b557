import json

import pytest

from harness.kinds.registry import task_kind

from .kinds import FOLDERS, kind_task, write_kinds

KINDS = list(FOLDERS)
ROWS = 60
SETTINGS = {"epochs": 12, "learning_rate": 5e-3, "max_length": 32}


@pytest.fixture(scope="module")
def kinds(laboratory):
    write_kinds(laboratory.folder / "data", ROWS)
    return laboratory


def job(laboratory, kind, name, encoder="bert", **settings):
    level = settings.pop("level", "zero0")
    return laboratory.job(name, level, encoder, {"task": kind_task(kind)}, **(SETTINGS | settings))


@pytest.fixture(scope="module")
def learned(kinds):
    """The results of one stage of each kind, then of stages that follow on one of them."""
    jobs = [job(kinds, kind, kind) for kind in KINDS]
    jobs += [job(kinds, "multiple_choice", "xlmr-choice", "xlm-roberta", epochs=1)]
    jobs += [job(kinds, "masked_lm", "mlm-zero3", level="zero3", epochs=2, dropout=0.0)]
    jobs += [job(kinds, "masked_lm", "mlm-zero2", level="zero2", epochs=2, accumulation=2, dropout=0.0)]
    for kind in KINDS:
        jobs.append(kinds.job(f"after-{kind}", "zero0", kinds.stage(kind), epochs=1))
    answers = kinds.train(*jobs)
    assert all("result" in answer for answer in answers), answers
    return {job.digest: answer["result"] for job, answer in zip(jobs, answers, strict=True)}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_learns_and_is_measured_on_its_held_out_rows(kind, learned):
    result = learned[kind]
    first, last = result["loss_curve"][0]["loss"], result["final_loss"]
    assert last < 0.8 * first, result["loss_curve"]
    (member,) = result["members"]
    scores = member["held_out"]["metrics"]
    name, least = {
        "multiple_choice": ("accuracy", 0.5),
        "span_extraction": ("answer_f1", 0.2),
        "tagging": ("span_f1", 0.8),
        "masked_lm": ("masked_accuracy", 0.2),
    }[kind]
    assert least < scores[name] <= 1
    assert member["held_out"]["rows"] == ROWS


def test_windows_and_pieces_count_as_rows_of_their_example(learned):
    for kind in KINDS:
        assert learned[kind]["members"][0]["rows"] == ROWS
    assert learned["span_extraction"]["samples"] > ROWS * 12


@pytest.mark.parametrize("kind", KINDS)
def test_the_checkpoint_loads_as_the_standard_class_of_its_kind(kind, learned, kinds):
    import transformers

    folder = kinds.stage(kind, FOLDERS[kind])
    auto = getattr(transformers, task_kind(kind).model.head.auto_class)
    model, report = auto.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] and not report["mismatched_keys"] and not report["unexpected_keys"]
    if kind == "tagging":
        assert model.config.id2label == {0: "B-EVEN", 1: "B-ODD", 2: "I-ODD", 3: "O"}
    if kind == "masked_lm":
        assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


@pytest.mark.parametrize("kind", KINDS)
def test_a_classifier_can_follow_on_every_kind_with_the_pooler_it_had(kind, learned, kinds, weights):
    # The heads of the first three do without BERT's pooler, which the classifier needs.
    index = json.loads((kinds.stage(kind) / "model.safetensors.index.json").read_text())
    assert "bert.pooler.dense.weight" in index["weight_map"]
    assert learned[f"after-{kind}"]["steps"] > 0


def test_a_pooler_that_was_never_pretrained_is_part_of_the_head(learned, kinds):
    index = json.loads((kinds.stage("xlmr-choice") / "model.safetensors.index.json").read_text())
    assert not [name for name in index["weight_map"] if "pooler" in name]
    whole = kinds.stage("xlmr-choice", "choice_scorer") / "model.safetensors.index.json"
    assert "roberta.pooler.dense.weight" in json.loads(whole.read_text())["weight_map"]


def test_masks_do_not_depend_on_level_and_accumulation(learned):
    curves = [[point["loss"] for point in learned[name]["loss_curve"]] for name in ("mlm-zero3", "mlm-zero2")]
    assert curves[0] == pytest.approx(curves[1], rel=1e-4)


@pytest.mark.slow
def test_a_killed_stage_of_another_kind_resumes_to_bit_identical_weights(kinds):
    from safetensors.torch import load_file

    from harness.models.files import weight_files

    settings = {"level": "zero2", "dropout": 0.1, "epochs": 3}
    killed = job(kinds, "masked_lm", "mlm-killed", **settings)
    assert kinds.train({"job": killed, "resume_every": 0.0, "kill_after_step": 9}, dies=True) == []
    whole = job(kinds, "masked_lm", "mlm-whole", **settings)
    answers = kinds.train(whole, killed)
    assert answers[1]["result"]["resumed_from_step"] >= 8
    tensors = []
    for name in ("mlm-whole", "mlm-killed"):
        found = {}
        for file in weight_files(kinds.stage(name, "language_model")):
            found |= load_file(file)
        tensors.append(found)
    assert tensors[0].keys() == tensors[1].keys()
    assert all(bool((tensors[0][name] == tensors[1][name]).all()) for name in tensors[0])
    assert answers[0]["result"]["members"] == answers[1]["result"]["members"]
