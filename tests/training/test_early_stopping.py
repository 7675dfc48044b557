"""A stage that its held-out rows stop keeps the weights that did best on them."""

import json

import pytest


def test_the_best_weights_are_those_of_a_stage_of_as_many_steps(one_process, weights):
    stopped, plain = one_process["early"]["result"], one_process["early-steps"]["result"]
    how = stopped["early_stop"]
    values = {point["step"]: point["value"] for point in how["points"]}
    assert (how["metric"], how["best_step"], how["stopped_at"]) == ("accuracy", 36, 48)
    assert list(values) == [12, 24, 36, 48] and max(values, key=values.get) == 36
    assert how["planned_steps"] == 81 and plain["early_stop"] is None
    best, due = weights("early"), weights("early-steps")
    assert all(best[name].equal(due[name]) for name in due)
    (member,) = stopped["members"]
    assert member["held_out"] == plain["members"][0]["held_out"]
    assert member["held_out"]["metrics"]["accuracy"] == values[36]


def test_a_stopped_stage_counts_the_steps_that_it_trained(one_process, laboratory):
    result = one_process["early"]["result"]
    assert result["steps"] == result["members"][0]["steps"] == 48
    assert result["samples"] == 5 * 70 + 8 + 8 + 6  # epochs of nine batches, the last smaller
    lines = laboratory.stage("early", "training_log.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["step"] == 48


def test_a_metric_of_another_kind_is_refused(one_process):
    answer = one_process["early-unknown"]
    assert answer["error"] == "UnknownMetricError"
    assert "f1 does not judge the task; name one of accuracy" in answer["message"]


@pytest.mark.slow
@pytest.mark.parametrize("level", ["zero2", "zero3"])
@pytest.mark.parametrize("step", [14, 26])
def test_a_killed_stage_resumes_bit_identically(laboratory, weights, level, step):
    whole = laboratory.early(f"early-whole-{level}-{step}", level, dropout=0.1)
    killed = laboratory.early(f"early-killed-{level}-{step}", level, dropout=0.1)
    laboratory.train({"job": killed, "resume_every": 0.0, "kill_after_step": step}, dies=True)
    due, found = (answer["result"] for answer in laboratory.train(whole, killed))
    assert found["resumed_from_step"] >= step - 1
    for field in ("early_stop", "steps", "samples", "tokens"):
        assert found[field] == due[field]
    one, other = weights(whole.digest), weights(killed.digest)
    assert all(one[name].equal(other[name]) for name in one)
