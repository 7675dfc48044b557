import pytest

LEVELS = ["zero0", "zero1", "zero2", "zero3", "zero2_offload", "zero3_offload"]


def difference(a, b):
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).abs().max()) for name in a)


def test_every_zero_level_gives_the_same_weights_in_one_process(laboratory, weights):
    jobs = {level: laboratory.job(f"level-{level}", level) for level in LEVELS}
    answers = laboratory.train(*jobs.values())
    assert [answer["result"]["zero_stage"] for answer in answers] == [0, 1, 2, 3, 2, 3]
    untrained = laboratory.job("untrained", steps=1, learning_rate=1e-9)
    laboratory.train(untrained)
    reference = weights(jobs["zero0"])
    assert difference(reference, weights(untrained)) > 1e-3
    for level in LEVELS[1:]:
        assert difference(reference, weights(jobs[level])) < 1e-5, level
