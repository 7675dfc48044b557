"""Whatever a file holds, it is either read or refused with problems; nothing else is raised."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from harness.spec.catalogue import Catalogue
from harness.spec.load import check_sequence
from harness.spec.problem import SpecError
from harness.spec.training_task_file import check_training_task
from harness.spec.yaml_source import parse_yaml
from tests.spec.files import SEQUENCE, TASK
from tests.spec.test_task_kinds import SOUND
from tests.spec.test_task_kinds import text as kind_text

PATH = Path("own.yaml")
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["mnli", "xnli"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


def places(data: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [place for key, value in items for place in [(*above, key), *places(value, (*above, key))]]


def replaced(data: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[place[0]] = replaced(copy[place[0]], place[1:], value)
    return copy


@pytest.mark.parametrize("text", [SEQUENCE, TASK, *map(kind_text, SOUND)])
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_at_any_place(text: str, data: st.DataObject, catalogue: Catalogue) -> None:
    sound = yaml.safe_load(text)
    place = data.draw(st.sampled_from(places(sound)))
    content = yaml.safe_dump(replaced(sound, place, data.draw(VALUES)), allow_unicode=True)
    try:
        source = parse_yaml(PATH, content)
        if text is SEQUENCE:
            check_sequence(source, catalogue)
        else:
            check_training_task(source, catalogue.scorers)
    except SpecError as error:
        event("refused")
        assert error.problems
        assert all(problem.remedy and problem.message for problem in error.problems)


@settings(max_examples=200)
@given(text=st.text(alphabet=st.sampled_from("ab:-[]{}&*!?|>'\"#%@,. \n\t0"), max_size=40))
def test_any_text(text: str) -> None:
    try:
        parse_yaml(PATH, text)
    except SpecError as error:
        event("refused")
        assert error.problems
