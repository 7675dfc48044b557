"""The labels of the inference items, recomputed from the English sentences by other means."""

import re

import pytest

from harness.embedded.corpus import evaluation_rows, training_rows
from harness.embedded.corpus.entailment_quantities import relation
from harness.embedded.corpus.meaning import Being

NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
COUNTED = re.compile(
    r"^(?P<bound>more than |fewer than |)(?P<number>two|three|four|five|six) (?P<rest>.+)$", re.I
)


def counts(sentence: str) -> set[int] | None:
    """The counts up to 9 under which the sentence holds."""
    found = COUNTED.match(sentence)
    if found is None:
        return set(range(2, 10)) if sentence.startswith("Some ") else None
    number = NUMBERS[found["number"].lower()]
    return {
        "": {number},
        "more than ": set(range(number + 1, 10)),
        "fewer than ": set(range(number)),
    }[found["bound"].lower()]


def test_labels_of_numbers_follow_from_arithmetic() -> None:
    labels = []
    for row in training_rows("mini_nli") + evaluation_rows("mini_nli", "en"):
        assert row.text_b is not None
        premise, hypothesis = counts(row.text_a), counts(row.text_b)
        if premise is None or hypothesis is None or COUNTED.match(row.text_b) is None:
            continue
        labels.append(row.label)
        if row.label == "contradiction":
            assert not premise & hypothesis, row
        elif premise == hypothesis and row.label == "neutral":
            assert subject(row.text_a) != subject(row.text_b), row
        else:
            assert (row.label == "entailment") == (premise <= hypothesis), row
    assert {label: labels.count(label) > 90 for label in labels} == dict.fromkeys(set(labels), True)
    assert len(set(labels)) == 3


def subject(sentence: str) -> str:
    """The counted noun."""
    return sentence.split(" are ", maxsplit=1)[0].rsplit(maxsplit=1)[-1]


@pytest.mark.parametrize(
    ("premise", "hypothesis", "label"),
    [
        (("all", "animal"), ("all", "dog"), "entailment"),
        (("all", "dog"), ("some", "animal"), "entailment"),
        (("no", "animal"), ("no", "dog"), "entailment"),
        (("no", "dog"), ("no", "animal"), "neutral"),
        (("some", "animal"), ("some", "dog"), "neutral"),
        (("some", "dog"), ("all", "dog"), "neutral"),
        (("some", "dog"), ("no", "animal"), "contradiction"),
        (("no", "dog"), ("all", "animal"), "contradiction"),
    ],
)
def test_quantifiers_over_a_kind_and_its_members(
    premise: tuple[str, str], hypothesis: tuple[str, str], label: str
) -> None:
    first, second = (
        Being(noun, "sleep", quantity=quantity)  # type: ignore[arg-type]
        for quantity, noun in (premise, hypothesis)
    )
    assert relation(first, second) == label


def test_denial_alone_does_not_tell_the_label() -> None:
    labels = {"once": set(), "twice": set(), "never": set()}  # type: dict[str, set[str]]
    for row in training_rows("mini_nli"):
        denials = sum(
            bool(re.search(r"\b(not|no|nothing)\b", text or "", re.I)) for text in (row.text_a, row.text_b)
        )
        labels[("never", "once", "twice")[denials]].add(row.label)
    assert {denials: len(found) for denials, found in labels.items()} == {"never": 3, "once": 3, "twice": 2}
