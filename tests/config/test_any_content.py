"""Whatever a file holds, it is either read or refused with problems; nothing else is raised."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from harness.config.catalogue import Catalogue
from harness.config.load import check_sequence
from harness.config.problem import SpecError
from harness.config.training_task_file import check_training_task, is_training_task
from harness.config.yaml_source import parse_yaml, read_yaml
from tests.config.files import SEQUENCE, TASK
from tests.config.test_task_kinds import SOUND
from tests.config.test_task_kinds import text as kind_text

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


def _any_value(examples: int) -> Callable[..., None]:
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def check(text: str, catalogue: Catalogue, data: st.DataObject) -> None:
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

    return check


TEXTS = [SEQUENCE, TASK, *map(kind_text, SOUND)]


@pytest.mark.parametrize("text", TEXTS)
def test_any_value_at_any_place(text: str, catalogue: Catalogue) -> None:
    _any_value(100)(text, catalogue)


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS)
def test_many_values_at_any_place(text: str, catalogue: Catalogue) -> None:
    _any_value(500)(text, catalogue)


# What breaks YAML: indentation, indicators, quotes, brackets, tags, anchors, line ends, encodings, numbers.
PIECES = st.sampled_from(
    [b"\0", b"\r", b"\n", b"\n\n", b"\t", b" ", b"  ", b":", b": ", b"- ", b"-", b"? ", b"[", b"]", b"{",
     b"}", b"{}", b"&a ", b"*a", b"!!python/object:os.system ", b"!", b"|", b">", b"'", b'"', b"#", b"%",
     b"@", b"`", b"---\n", b"...\n", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\x1b[31m",
     b"null", b"yes", b".nan", b"-.inf", b"1e999", b"9" * 500, b"0x1F", b"0o7", b"1_000", b"2026-11-25",
     b"../", b"~", b"<<: ", b"\\ud800", "\u202e".encode(), b"[" * 30, b"a: {" * 30, b"x" * 3000]
)  # fmt: skip


def _any_bytes(examples: int) -> Callable[..., None]:
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def check(folder: Path, text: str, catalogue: Catalogue, data: st.DataObject) -> None:
        content = text.encode()
        for _ in range(data.draw(st.integers(1, 3))):
            start = data.draw(st.integers(0, len(content)))
            end = min(len(content), start + data.draw(st.integers(0, 12)))
            piece = data.draw(PIECES | st.binary(max_size=4) | st.just(content[start:end] * 2))
            content = content[:start] + piece + content[end:]
        path = folder / "own.yaml"
        path.write_bytes(content)
        try:
            source = read_yaml(path)
            if is_training_task(source):
                check_training_task(source, catalogue.scorers)
            else:
                check_sequence(source, catalogue)
        except SpecError as error:
            event("refused")
            message = str(error)
            assert message.count(str(path)) >= len(error.problems)
            assert all(problem.remedy and problem.message for problem in error.problems)
            assert len(message) < (len(error.problems) + 1) * (2000 + len(str(path)))

    return check


@pytest.mark.parametrize("text", TEXTS[:2])
def test_any_bytes(tmp_path: Path, text: str, catalogue: Catalogue) -> None:
    _any_bytes(40)(tmp_path, text, catalogue)


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS)
def test_many_bytes(tmp_path: Path, text: str, catalogue: Catalogue) -> None:
    _any_bytes(300)(tmp_path, text, catalogue)


@settings(max_examples=200)
@given(text=st.text(alphabet=st.sampled_from("ab:-[]{}&*!?|>'\"#%@,. \n\t0"), max_size=40))
def test_any_text(text: str) -> None:
    try:
        parse_yaml(PATH, text)
    except SpecError as error:
        event("refused")
        assert error.problems
