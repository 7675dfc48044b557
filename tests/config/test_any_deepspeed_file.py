"""Whatever a DeepSpeed file holds, it is read or refused with problems."""

import json
from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from harness.config.deepspeed_file import OWNED, deepspeed_files, read_deepspeed
from harness.config.problem import SpecError
from tests.config.test_any_content import VALUES, places, replaced

KEYS = st.sampled_from(sorted(OWNED)) | st.sampled_from(
    ["zero_optimization", "zero_optimisation", "curriculum_learning", "aio", "stage", ""]
)


PIECES = st.sampled_from([*'{}[]",:\\0 9', "NaN", "1" * 5000, "\x00"])


@pytest.mark.parametrize("name", ["zero2", "zero3_offload"])
@given(data=st.data())
def test_any_value_at_any_place(tmp_path: Path, name: str, data: st.DataObject) -> None:
    sound = json.loads(deepspeed_files()[name].read_text())
    content = replaced(sound, data.draw(st.sampled_from(places(sound))), data.draw(VALUES))
    if data.draw(st.booleans()):
        content = {**content, data.draw(KEYS): data.draw(VALUES)}
    text = json.dumps(content)
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(PIECES) + text[at:]
    path = tmp_path / "own.json"
    path.write_text(text, encoding="utf-8")
    try:
        found = read_deepspeed(path, "own.json")
    except SpecError as error:
        event("refused")
        assert all(problem.remedy and str(path) in str(problem) for problem in error.problems)
        return
    assert found.zero_stage in (0, 1, 2, 3)
    assert not found.config.keys() & OWNED.keys() or "auto" in json.dumps(found.config)


@pytest.mark.parametrize(
    "bomb", ["[" * 50_000, '{"a":' * 50_000, '{"zero_optimization": {"stage": ' + "9" * 5000 + "}}"]
)
def test_bombs_are_refused(tmp_path: Path, bomb: str) -> None:
    path = tmp_path / "own.json"
    path.write_text(bomb)
    with pytest.raises(SpecError):
        read_deepspeed(path, "own.json")
