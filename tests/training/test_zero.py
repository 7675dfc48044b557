import pytest

LEVELS = ("zero1", "zero2", "zero3", "zero2_offload", "zero3_offload")


def difference(a, b):
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).abs().max()) for name in a)


def identical(a, b):
    return a.keys() == b.keys() and all(bool((a[name] == b[name]).all()) for name in a)


def test_training_changes_the_encoder_and_the_head(one_process, weights):
    trained, untrained = weights("level-zero0"), weights("untrained")
    for name, tensor in trained.items():
        # The keys' biases have no gradient: attention does not feel a shift of all scores.
        if "key.bias" not in name and "token_type" not in name and "position" not in name:
            assert float((tensor - untrained[name]).abs().max()) > 1e-4, name


@pytest.mark.parametrize("level", LEVELS)
def test_every_zero_level_gives_the_weights_of_level_0(one_process, weights, level):
    assert one_process[f"level-{level}"]["result"]["zero_stage"] == int(level[4])
    assert difference(weights("level-zero0"), weights(f"level-{level}")) < 1e-5


@pytest.mark.parametrize("level", ["zero0", *LEVELS])
def test_nothing_of_a_finished_stage_stays_in_the_process(one_process, level):
    assert one_process[f"level-{level}"]["engines"] == 0


def test_accumulation_splits_the_work_without_changing_the_weights(one_process, weights):
    assert difference(weights("level-zero2"), weights("accumulated")) < 1e-5


@pytest.mark.parametrize("level", ["zero0", "zero2"])
def test_bf16_keeps_fp32_master_weights_and_saves_them(one_process, weights, level):
    import torch

    saved = weights(f"bf16-{level}")
    assert {tensor.dtype for tensor in saved.values()} == {torch.float32}
    trained = saved["bert.encoder.layer.0.attention.self.query.weight"]
    assert not torch.equal(trained, trained.bfloat16().float())
    assert 1e-5 < difference(saved, weights("level-zero0")) < 0.05


def test_a_repeated_stage_with_dropout_is_bit_identical(one_process, weights):
    assert identical(weights("repeat-a"), weights("repeat-b"))
    assert not identical(weights("repeat-a"), weights("level-zero2"))


def test_activations_that_are_computed_again_give_the_same_weights(one_process, weights):
    assert identical(weights("repeat-a"), weights("recomputed"))


def test_the_result_counts_what_was_done(one_process):
    result = one_process["level-zero0"]["result"]
    assert (result["steps"], result["samples"], result["members"][0]["rows"]) == (18, 140, 70)
    assert result["world_size"] == 1 and result["device"] == "cpu" and result["precision"] == "fp32"
    assert 140 * 5 < result["tokens"] < 140 * 28
    assert result["loss_curve"][-1]["step"] == 18
    assert result["final_loss"] == result["loss_curve"][-1]["loss"] < result["loss_curve"][0]["loss"]
    assert result["peak_memory_bytes"] > 10**8
    assert one_process["few-rows"]["result"]["samples"] == 20


def test_two_processes_give_the_weights_of_one(one_process, laboratory, weights):
    answers = laboratory.train(
        laboratory.job("two-zero2", "zero2"), laboratory.job("two-zero3", "zero3"), processes=2
    )
    assert [answer["result"]["world_size"] for answer in answers] == [2, 2]
    for level in ("zero2", "zero3"):
        assert difference(weights(f"level-{level}"), weights(f"two-{level}")) < 1e-5
    one = one_process["level-zero2"]["result"]
    for key in ("samples", "tokens", "steps"):
        assert answers[0]["result"][key] == one[key]
    assert answers[0]["result"]["final_loss"] == pytest.approx(one["final_loss"], abs=1e-4)
