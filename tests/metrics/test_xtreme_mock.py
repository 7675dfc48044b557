"""XTREME's own mock submission gets from our metrics what XTREME's evaluation gives it."""

import json
from pathlib import Path

import pytest

from harness.metrics.registry import metric
from harness.metrics.set_f1 import SetF1
from tests.export.xtreme_files import answers, lines, pairs, sentences

MOCK = Path(__file__).parents[3] / "shared/reference/xtreme_mock"
pytestmark = pytest.mark.skipif(not MOCK.is_dir(), reason="needs ../shared/reference/xtreme_mock")

SCORED = {
    "xnli": (lines, {"accuracy": "accuracy"}),
    "pawsx": (lines, {"accuracy": "accuracy"}),
    "panx": (sentences, {"span_f1": "f1"}),
    "udpos": (sentences, {"tag_chunk_f1": "f1"}),
    "xquad": (answers, {"answer_f1": "f1", "exact_match": "exact_match"}),
    "mlqa": (answers, {"mlqa_f1": "f1", "mlqa_exact_match": "exact_match"}),
    "tydiqa": (answers, {"answer_f1": "f1", "exact_match": "exact_match"}),
    "bucc2018": (pairs, {"pair_f1": "f1"}),
    "tatoeba": (lines, {"accuracy": "accuracy"}),
}
LANGUAGES = {"xnli": 15, "pawsx": 7, "panx": 40, "udpos": 33, "xquad": 11, "mlqa": 7, "tydiqa": 9}
LANGUAGES |= {"bucc2018": 4, "tatoeba": 36}


@pytest.mark.parametrize("task", SCORED)
def test_the_mock_submission_scores_as_xtreme_says(task):
    read, metrics = SCORED[task]
    expected = json.loads((MOCK / "expected.json").read_text())[task]
    labels = sorted((MOCK / "labels" / task).iterdir())
    assert len(labels) == LANGUAGES[task]
    for name, theirs in metrics.items():
        scores = [
            metric(name)
            .for_language(path.stem.removeprefix("test-"))
            .score(*read(MOCK / "predictions" / task / path.name, path))
            for path in labels
        ]
        assert 100 * sum(scores) / len(scores) == pytest.approx(expected[theirs], abs=1e-9)


@pytest.mark.parametrize("task", ["panx", "udpos", "bucc2018"])
def test_precision_and_recall_of_what_f1_counts_are_xtremes_too(task):
    read, metrics = SCORED[task]
    (f1,) = metrics
    counted = metric(f1)
    assert isinstance(counted, SetF1)
    found = {"precision": [], "recall": []}
    for path in sorted((MOCK / "labels" / task).iterdir()):
        sides = [
            list(map(counted.members, side)) for side in read(MOCK / "predictions" / task / path.name, path)
        ]
        right = sum(len(given & due) for given, due in zip(*sides, strict=True))
        for name, side in zip(found, sides, strict=True):
            found[name].append(right / sum(map(len, side)))
    expected = json.loads((MOCK / "expected.json").read_text())[task]
    for name, values in found.items():
        assert 100 * sum(values) / len(values) == pytest.approx(expected[name], abs=1e-9)
