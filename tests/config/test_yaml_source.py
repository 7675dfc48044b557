from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.config.yaml_source import parse_yaml


def value(text: str) -> Any:
    source = parse_yaml(Path("x.yaml"), f"key: {text}\n")
    assert not source.problems
    return source.data["key"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2e-5", 2e-5),
        ("2E-5", 2e-5),
        ("2.0e-5", 2e-5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-3", -3),
        ("+3", 3),
        ("0", 0),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_numbers_and_words_are_those_of_yaml_1_2(text: str, meant: Any) -> None:
    found = value(text)
    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize(
    "text", ["010", "0x1F", "1_000", "1:30", "2020-01-01", '"5"', "'true'", "1e", "e5", "9" * 41]
)
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(text: str) -> None:
    assert value(text) == text.strip("\"'")


@pytest.mark.parametrize("word", ["y", "n", "Y", "N"])
def test_letters_that_writers_leave_unquoted_stay_text(word: str) -> None:
    assert yaml.safe_dump({word: word}) == f"{word}: {word}\n"
    assert parse_yaml(Path("x.yaml"), f"{word}: {word}\n").data == {word: word}


@pytest.mark.parametrize("word", ["no", "yes", "on", "Off", "TRUE"])
@pytest.mark.parametrize("text", ["{}: 1", "key: {}", "key: [{}]"])
def test_words_that_other_readers_take_for_booleans_are_refused_unquoted(word: str, text: str) -> None:
    (problem,) = parse_yaml(Path("x.yaml"), "first: 1\n" + text.format(word)).problems
    assert (problem.line, problem.found) == (2, word)
    assert "quote it" in problem.remedy
    assert not parse_yaml(Path("x.yaml"), text.format(f'"{word}"')).problems


def test_every_key_and_entry_has_its_line() -> None:
    source = parse_yaml(Path("x.yaml"), "a:\n  b: 1\n  c:\n    - x\n    - {d: 1,\n       e: 2}\n")
    assert source.lines[("a", "b")] == 2
    assert source.lines[("a", "c", 0)] == 4
    assert source.lines[("a", "c", 1, "d")] == 5
    assert source.lines[("a", "c", 1, "e")] == 6
    assert source.line(("a", "c", 7, "nowhere")) == 3


def test_keys_are_text_and_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert parse_yaml(Path("x.yaml"), "{0: a, 1.5: b}").data == {"0": "a", "1.5": "b"}
