"""Whatever a file holds, it is either read or refused with problems; nothing else is raised."""

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import event, given
from hypothesis import strategies as st

from harness.config.catalogue import Catalogue
from harness.config.load import check_sequence
from harness.config.problem import SpecError
from harness.config.training_task_file import check_training_task, is_training_task
from harness.config.yaml_source import YamlSource, parse_yaml, read_yaml
from tests.config.files import SEQUENCE, TASK
from tests.kinds.test_task_files import SOUND
from tests.kinds.test_task_files import text as kind_text

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


def near(value: Any) -> st.SearchStrategy[Any]:
    """Values of the type of a valid one, so that many of them are accepted."""
    if isinstance(value, bool):
        return st.booleans()
    if isinstance(value, int | float):
        return st.integers(-1, 64) | st.floats(1e-6, 1)
    if isinstance(value, list):
        return st.permutations(value) | st.lists(st.sampled_from(value), unique_by=str)
    if isinstance(value, dict):
        return st.sets(st.sampled_from(sorted(value))).map(lambda keys: {key: value[key] for key in keys})
    return st.text(max_size=8) | st.sampled_from(["rte", "pawsx", "xtreme_xnli", "zero0", "fp32", "de"])


def value_at(data: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        data = data[key]
    return data


def places(data: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [place for key, value in items for place in [(*above, key), *places(value, (*above, key))]]


def replaced(data: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[place[0]] = replaced(copy[place[0]], place[1:], value)
    return copy


TEXTS = [SEQUENCE, TASK, *map(kind_text, SOUND)]


@cache
def known() -> Catalogue:
    return Catalogue.load()


def accepted(source: YamlSource) -> dict[str, Any]:
    """Return what was made of a file that is a training task or a sequence file."""
    catalogue = known()
    if is_training_task(source):
        return check_training_task(source, catalogue.scorers).model_dump(mode="json")
    return check_sequence(source, catalogue).spec.model_dump(mode="json")


def says(read: Any, written: Any) -> bool:
    """Return whether what was read holds all that a file says, as it says it."""
    if isinstance(written, dict):
        return isinstance(read, dict) and all(
            key in read and says(read[key], value) for key, value in written.items()
        )
    if isinstance(written, list):
        return isinstance(read, list) and len(read) == len(written) and all(map(says, read, written))
    return bool(read == written) and isinstance(read, bool) == isinstance(written, bool)


@pytest.mark.parametrize("text", TEXTS)
@given(data=st.data())
def test_any_value_at_any_place(text: str, data: st.DataObject) -> None:
    sound = parse_yaml(PATH, text).data
    place = data.draw(st.sampled_from(places(sound)))
    changed = replaced(sound, place, data.draw(VALUES | near(value_at(sound, place))))
    content = yaml.safe_dump(changed, allow_unicode=True)
    try:
        read = accepted(parse_yaml(PATH, content))
    except SpecError as error:
        event("refused")
        assert error.problems
        assert all(problem.remedy and problem.message for problem in error.problems)
    else:
        event("accepted")
        assert says(read, yaml.safe_load(content)), content


@pytest.mark.parametrize("value", [None, True, 1, [], {}], ids=repr)
@pytest.mark.parametrize("text", TEXTS)
def test_a_value_of_another_shape_at_every_place_is_refused_or_meant(text: str, value: Any) -> None:
    sound = parse_yaml(PATH, text).data
    for place in places(sound):
        content = yaml.safe_dump(replaced(sound, place, value), allow_unicode=True)
        with suppress(SpecError):
            assert says(accepted(parse_yaml(PATH, content)), yaml.safe_load(content)), content


# What breaks YAML: indentation, indicators, quotes, brackets, tags, anchors, line ends, encodings, numbers.
PIECES = st.sampled_from(
    [b"\0", b"\r", b"\n", b"\n\n", b"\t", b" ", b"  ", b":", b": ", b"- ", b"-", b"? ", b"[", b"]", b"{",
     b"}", b"{}", b"&a ", b"*a", b"!!python/object:os.system ", b"!", b"|", b">", b"'", b'"', b"#", b"%",
     b"@", b"`", b"---\n", b"...\n", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\x1b[31m",
     b"null", b"yes", b".nan", b"-.inf", b"1e999", b"9" * 500, b"0x1F", b"0o7", b"1_000", b"2026-11-25",
     b"../", b"~", b"<<: ", b"\\ud800", "\u202e".encode(), b"[" * 30, b"a: {" * 30, b"x" * 3000]
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS[:2])
@given(data=st.data())
def test_any_bytes(tmp_path: Path, text: str, data: st.DataObject) -> None:
    content = text.encode()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = min(len(content), start + data.draw(st.integers(0, 12)))
        piece = data.draw(PIECES | st.binary(max_size=4) | st.just(content[start:end] * 2))
        content = content[:start] + piece + content[end:]
    path = tmp_path / "own.yaml"
    path.write_bytes(content)
    try:
        source = read_yaml(path)
        read = accepted(source)
    except SpecError as error:
        event("refused")
        message = str(error)
        assert message.count(str(path)) >= len(error.problems)
        assert all(problem.remedy and problem.message for problem in error.problems)
        assert len(message) < (len(error.problems) + 1) * (2000 + len(str(path)))
    else:
        event("accepted")
        assert says(read, source.data), content


@given(text=st.text(alphabet=st.sampled_from("ab:-[]{}&*!?|>'\"#%@,. \n\t0"), max_size=40))
def test_any_text(text: str) -> None:
    try:
        parse_yaml(PATH, text)
    except SpecError as error:
        event("refused")
        assert error.problems
