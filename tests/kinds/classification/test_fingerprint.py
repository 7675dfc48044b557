import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.kinds.classification.dataset import classification_dataset
from harness.kinds.fingerprint import fingerprint

A, B, LABEL, NAMES = ["ab", "c"], ["d", "ef"], [0, 1], ("no", "yes")


def of(
    a: list[str] = A, b: list[str] | None = B, label: list[int] = LABEL, names: tuple[str, ...] = NAMES
) -> str:
    return fingerprint(classification_dataset(a, b, label), names)


def test_the_order_of_label_names_does_not_count_but_their_meaning_does() -> None:
    assert of(label=[1, 0], names=("yes", "no")) == of()
    assert of(label=[1, 0]) != of()
    assert of(names=("yes", "no")) != of()


@pytest.mark.parametrize(
    "changed",
    [
        {"a": ["a", "bc"]},
        {"a": ["c", "ab"], "b": ["ef", "d"], "label": [1, 0]},
        {"a": B, "b": A},
        {"b": None},
        {"b": ["", "def"]},
        {"a": ["Ab", "c"]},
        {"a": ["ab", "c "]},
    ],
)
def test_any_change_of_the_content_counts(changed: dict[str, list[str]]) -> None:
    assert of(**changed) != of()


def test_empty_text_is_not_the_same_as_none() -> None:
    assert of(b=["", ""]) != of(b=None)


@given(st.lists(st.tuples(st.text(), st.text(), st.sampled_from([0, 1])), min_size=1, max_size=6), st.data())
def test_moving_a_character_between_neighbours_counts(
    rows: list[tuple[str, str, int]], data: st.DataObject
) -> None:
    a, b, label = (list(column) for column in zip(*rows, strict=True))
    before = of(a, b, label)
    assert of(list(a), list(b), list(label)) == before
    row = data.draw(st.integers(0, len(rows) - 1))
    if b[row]:
        a[row], b[row] = a[row] + b[row][0], b[row][1:]
        assert of(a, b, label) != before
