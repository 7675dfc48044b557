"""Stages of tiny random text-to-text models: every kind that has a format, frozen embeddings, resume."""

import json

import pytest

from harness.errors import UserError
from harness.models.files import weight_files
from harness.models.references import ModelRef

from .kinds import kind_task, write_kinds
from .models import LABELS, TASK
from .text_models import make_byt5, make_mt5

SETTINGS = {"learning_rate": 3e-3, "max_length": 48}
ADAFACTOR = {
    "optimizer": "adafactor",
    "learning_rate": 1e-2,
    "schedule": "constant",
    "warmup_ratio": 0.0,
    "weight_decay": 0.0,
    "train_rows": 8,
    "steps": 5,
}
FROZEN = {"freeze_embeddings": True, "precision": "bf16"}


@pytest.fixture(scope="module")
def words(laboratory):
    make_mt5(laboratory.folder / "mt5")
    make_mt5(laboratory.folder / "umt5", kind="UMT5")
    make_byt5(laboratory.folder / "byt5")
    write_kinds(laboratory.folder / "data", 60)
    return laboratory


def job(laboratory, name, encoder="mt5", level="zero0", task=TASK, **settings):
    return laboratory.job(name, level, encoder, {"task": task}, **(SETTINGS | settings))


@pytest.fixture(scope="module")
def trained(words):
    jobs = [
        job(words, "mt5-frozen", level="zero2", epochs=6, **FROZEN),
        job(words, "mt5-second", words.stage("mt5-frozen"), "zero3", **FROZEN),
        job(words, "mt5-adafactor", **ADAFACTOR),
        job(words, "mt5-mlm", task=kind_task("masked_lm")),
        words.mixture(
            "mt5-mixed",
            {"tiny_pairs": TASK, "choices": kind_task("multiple_choice")},
            {"temperature": 1e6},
            encoder=words.stage("mt5-frozen"),
            **(SETTINGS | {"steps": 12}),
        ),
    ]
    return dict(zip([job.digest for job in jobs], words.train(*jobs), strict=True))


def tensors(folder):
    from safetensors.torch import load_file

    return {name: tensor for file in weight_files(folder) for name, tensor in load_file(file).items()}


def test_the_loss_falls(trained):
    curve = [point["loss"] for point in trained["mt5-frozen"]["result"]["loss_curve"]]
    assert curve[-1] < 0.4 * curve[0]


def test_adafactor_takes_the_steps_of_transformers_own(trained, words):
    import numpy as np
    import torch
    from transformers import AutoModelForSeq2SeqLM
    from transformers.optimization import Adafactor

    from harness.data.rows import load_training_rows
    from harness.kinds.collator import Draw
    from harness.kinds.text_to_text import model_for
    from harness.kinds.token_rows import TokenizedRows
    from harness.models.tokenizer import fast_tokenizer
    from harness.training.batches import subsample

    assert trained["mt5-adafactor"]["result"]["steps"] == 5
    folder = words.folder / "mt5"
    model, half = AutoModelForSeq2SeqLM.from_pretrained(folder).eval(), model_for(TASK, text_to_text=True)
    rows = load_training_rows(TASK, data_dir=words.folder / "data").dataset
    chosen = rows.select(subsample(len(rows), 8, 3))
    features = half.features(TASK, chosen, fast_tokenizer(ModelRef.at(folder)), 48)
    collator = half.collator(TASK, TokenizedRows.of(features))
    optimizer = Adafactor(model.parameters(), lr=1e-2, relative_step=False)
    for _ in range(5):
        inputs = collator.tensors(np.arange(8), torch.device("cpu"), Draw(0, 0))
        labels = inputs.pop("labels")
        loss = half.head.loss_sum(model(**inputs), labels, inputs["attention_mask"])
        (loss / collator.loss_denominator(np.arange(8))).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    found, due, before = tensors(words.stage("mt5-adafactor")), model.state_dict(), tensors(folder)
    for name, tensor in found.items():
        assert float((tensor - before[name]).abs().max()) > 1e-4, name
        torch.testing.assert_close(tensor, due[name], rtol=1e-5, atol=1e-5)


def test_both_folders_hold_the_whole_model_and_share_their_files(trained, words):
    from transformers import AutoModelForSeq2SeqLM

    start = tensors(words.folder / "mt5")
    for name in ("mt5-frozen", "mt5-second"):
        whole, encoder = words.stage(name, "text_to_text"), words.stage(name)
        assert tensors(encoder).keys() == start.keys()
        for file in weight_files(encoder):
            assert file.samefile(whole / file.name)
        model, report = AutoModelForSeq2SeqLM.from_pretrained(whole, output_loading_info=True)
        assert not report["missing_keys"] and not report["unexpected_keys"]
        assert model.lm_head.weight is not model.shared.weight
    config = json.loads((words.stage("mt5-frozen", "text_to_text") / "config.json").read_text())
    assert config["xstilts"]["max_length"] == 48
    assert config["xstilts"]["text_format"] == {
        "version": 1,
        "kind": "classification",
        "marks": ["tiny_pairs: first:", "second:"],
        "labels": list(LABELS),
    }
    bare = json.loads((words.stage("mt5-frozen") / "config.json").read_text())
    assert "xstilts" not in bare and bare["architectures"] == ["MT5ForConditionalGeneration"]


def test_frozen_embeddings_are_one_file_from_stage_to_stage(trained, words):
    first, second = (
        words.stage(name) / "model-00001-of-00002.safetensors" for name in ("mt5-frozen", "mt5-second")
    )
    assert first.samefile(second)
    start, end = tensors(words.folder / "mt5"), tensors(words.stage("mt5-second"))
    assert (start["shared.weight"] == end["shared.weight"]).all()
    # The output layer passes on, trained.
    assert float((start["lm_head.weight"] - end["lm_head.weight"]).abs().max()) > 1e-3


def test_what_is_left_of_an_earlier_task_is_measured_on_the_later_model_as_it_is(trained, words):
    from harness.training.forgetting import joined_model

    earlier = words.stage("mt5-frozen").parent
    model = joined_model(ModelRef.at(words.stage("mt5-second")), TASK, earlier / "text_to_text")
    for name, tensor in tensors(words.stage("mt5-second")).items():
        assert (model.state_dict()[name] == tensor).all(), name


def test_a_mixture_trains_one_model_and_keeps_how_each_task_is_written(trained, words):
    members = trained["mt5-mixed"]["result"]["members"]
    assert [member["name"] for member in members] == ["tiny_pairs", "choices"]
    assert sum(member["steps"] for member in members) == 12 and all(member["steps"] for member in members)
    encoder = words.stage("mt5-mixed")
    marks = {"tiny_pairs": ["tiny_pairs: first:", "second:"], "choices": ["tiny:", "question:"]}
    for name, expected in marks.items():
        whole = words.stage("mt5-mixed", f"heads/{name}")
        config = json.loads((whole / "config.json").read_text())
        assert config["xstilts"]["text_format"]["marks"] == expected
        assert all(file.samefile(whole / file.name) for file in weight_files(encoder))
    start, end = tensors(words.stage("mt5-frozen")), tensors(encoder)
    assert float((start["shared.weight"] - end["shared.weight"]).abs().max()) > 1e-4


def test_masked_language_modelling_is_refused_before_training(trained):
    assert trained["mt5-mlm"]["error"] == "UnsuitedKindError"
    assert "masked_lm" in trained["mt5-mlm"]["message"]


def test_labels_of_equal_tokens_are_refused(tmp_path):
    from transformers import AutoTokenizer

    from harness.kinds.text_to_text import IndistinctLabelsError, label_targets

    make_mt5(tmp_path)
    with pytest.raises(IndistinctLabelsError, match="'是' and '否'"):
        label_targets(AutoTokenizer.from_pretrained(tmp_path), ("same", "是", "否"))
    assert issubclass(IndistinctLabelsError, UserError)


@pytest.mark.slow
def test_every_kind_learns_and_is_measured_by_its_answers(words):
    kinds = {"multiple_choice": "accuracy", "span_extraction": "answer_f1", "tagging": "text_span_f1"}
    jobs = [job(words, f"mt5-{kind}", task=kind_task(kind), epochs=20, learning_rate=5e-3) for kind in kinds]
    jobs += [
        job(words, "byt5", "byt5", task=kind_task("multiple_choice"), max_length=160, epochs=2),
        job(words, "umt5", "umt5", task=kind_task("multiple_choice"), epochs=2),
    ]
    answers = words.train(*jobs)
    for made, answer in zip(jobs, answers, strict=True):
        curve = [point["loss"] for point in answer["result"]["loss_curve"]]
        assert curve[-1] < 0.8 * curve[0], (made.digest, curve)
        assert answer["result"]["members"][0]["held_out"]["rows"] == 60
    for kind, answer in zip(kinds, answers, strict=False):
        assert set(answer["result"]["members"][0]["held_out"]["metrics"]) >= {kinds[kind]}
    # The scores that the devices' share gives under ZeRO 3 are those of one process.
    again = [job(words, f"two-{kind}", level="zero3", task=kind_task(kind), epochs=1) for kind in kinds]
    once = [job(words, f"one-{kind}", task=kind_task(kind), epochs=1) for kind in kinds]
    scores = [
        [answer["result"]["members"][0]["held_out"]["metrics"] for answer in found]
        for found in (words.train(*again, processes=2), words.train(*once))
    ]
    for two, one in zip(*scores, strict=True):
        assert two == pytest.approx(one, abs=0.05)


@pytest.mark.slow
def test_a_killed_stage_resumes_to_bit_identical_weights(words):
    settings = {"level": "zero2", "dropout": 0.1, "epochs": 3, **FROZEN}
    killed = job(words, "mt5-killed", **settings)
    assert words.train({"job": killed, "resume_every": 0.0, "kill_after_step": 9}, dies=True) == []
    whole = job(words, "mt5-whole", **settings)
    answers = words.train(whole, killed)
    assert answers[1]["result"]["resumed_from_step"] >= 8
    first, second = (tensors(words.stage(name, "text_to_text")) for name in ("mt5-whole", "mt5-killed"))
    assert first.keys() == second.keys()
    assert all(bool((first[name] == second[name]).all()) for name in first)
