import re
from typing import Any

import pytest

from harness.kinds.columns import SourceColumns
from harness.kinds.labels import UnknownLabelError, UnlabelledRowsError, label_ids, require_labelled
from tests.data.tasks import NLI


def source(values: list[Any], classes: tuple[str, ...] | None = None) -> SourceColumns:
    return SourceColumns(
        columns={"label": values},
        origin="x.tsv",
        source="folder: x.tsv",
        unit="line",
        numbers=range(1, len(values) + 1),
        class_names={"label": classes} if classes else {},
    )


@pytest.mark.parametrize(
    ("values", "classes", "mapping", "ids"),
    [
        (["neutral", "entailment"], None, None, [1, 0]),
        (["1", "0"], None, {"0": "contradiction", "1": "neutral"}, [1, 2]),
        (["neutral ", " entailment"], None, None, [1, 0]),
        ([1.0, None], None, {"1": "neutral"}, [1, -1]),
        ([True, 1, 0], None, {"True": "entailment", "1": "neutral", "0": "contradiction"}, [0, 1, 2]),
        ([2, 0], ("contradiction", "neutral", "entailment"), None, [0, 2]),
        ([1, 0], ("0", "1"), {"0": "contradiction", "1": "neutral"}, [1, 2]),
        ([1, 0], ("no", "yes"), {"0": "contradiction", "1": "neutral"}, [1, 2]),
        ([1, 0], None, {"0": "contradiction", "1": "neutral"}, [1, 2]),
        (["neutral", "-", "", "-1"], None, None, [1, -1, -1, -1]),
        ([-1, None, 1], None, {"1": "neutral"}, [-1, -1, 1]),
        ([-1, 1], NLI, None, [-1, 1]),
    ],
)
def test_values_become_positions(
    values: list[Any], classes: tuple[str, ...] | None, mapping: dict[str, str] | None, ids: list[int]
) -> None:
    assert label_ids(source(values, classes), "label", NLI, mapping) == ids


@pytest.mark.parametrize(
    ("values", "classes", "mapping", "message"),
    [
        (["neutral", "nuetral"], None, None, "x.tsv, line 2: label is 'nuetral', .*did you mean 'neutral'"),
        (["neutral", "1"], None, None, "line 2: label is '1'"),
        ([2, 0], None, None, "line 1: label is 2, a number, .*does not say which .* label_values: "),
        (["Neutral"], None, None, "did you mean 'neutral'"),
        ([True], None, None, "line 1: label is True"),
        ([1], ("no", "yes"), None, r"line 1: label is 1 \('yes'\)"),
        ([1], None, {"0": "neutral"}, "line 1: label is 1"),
        (["label", "neutral"], None, None, "line 1: label is 'label'.*header line"),
    ],
)
def test_an_unknown_label_is_refused_with_its_place(
    values: list[Any], classes: tuple[str, ...] | None, mapping: dict[str, str] | None, message: str
) -> None:
    with pytest.raises(UnknownLabelError, match=re.compile(message)):
        label_ids(source(values, classes), "label", NLI, mapping)


def test_rows_without_label_are_counted() -> None:
    rows = source(["neutral", "-", "-1"])
    with pytest.raises(
        UnlabelledRowsError, match=r"line 2: no label \(label is '-'\), as in 2 of 3 rows; mend"
    ):
        require_labelled(rows, "label", label_ids(rows, "label", NLI, None), "mend")
