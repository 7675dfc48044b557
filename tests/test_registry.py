from importlib.metadata import EntryPoint

import pytest

from harness import registry
from harness.registry import BrokenEntryPointError, Registry, UnknownNameError


@pytest.fixture
def numbers(monkeypatch: pytest.MonkeyPatch) -> Registry[float]:
    points = [
        EntryPoint("tau", "math:tau", "x.numbers"),
        EntryPoint("pi", "math:tau", "x.numbers"),
        EntryPoint("sin", "math:sin", "x.numbers"),
        EntryPoint("gone", "no_such_module:x", "x.numbers"),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == "x.numbers" else [])
    return Registry(float, "number", "x.numbers", {"pi": "math:pi"})


def test_own_entries_come_first_and_are_not_replaced(numbers: Registry[float]):
    assert numbers.get("tau") > numbers.get("pi") > 3
    assert numbers.names() == ("pi", "tau", "sin", "gone")


def test_an_unknown_name_is_refused_with_the_nearest(numbers: Registry[float]):
    with pytest.raises(UnknownNameError, match="there is no number 'taú'; did you mean 'tau'"):
        numbers.get("taú")


@pytest.mark.parametrize(("name", "what"), [("sin", "not a float"), ("gone", "cannot be imported")])
def test_a_broken_entry_point_is_refused(numbers: Registry[float], name: str, what: str):
    with pytest.raises(BrokenEntryPointError, match=what):
        numbers.get(name)
