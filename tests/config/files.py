"""Files to check: a sound sequence file and a sound task, and changes to them."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.config.problem import SpecError

SEQUENCE = """\
name: trial
model: embedded:e5-small
intermediates: [rte, pawsx]
orders: {lengths: [0, 1]}
targets: [xnli]
seeds: [1, 2]
training:
  epochs: 1
  learning_rate: 2e-5
  per_task:
    rte: {epochs: 3}
deepspeed: zero2
evaluation:
  tasks: [xtreme_xnli]
  split: test
"""

TASK = """\
name: own
kind: classification
title: My task
citation: nobody
license: CC0
language: en
inputs: [premise, hypothesis]
label: label
labels: [entailment, neutral, contradiction]
scored_by: [xtreme_xnli]
sources:
  folder: {path: own/train.tsv, format: tsv}
"""


class Case(NamedTuple):
    """A change that makes a file malformed, and what its refusal must name."""

    change: tuple[str, str]
    line: int
    key: str
    found: str
    says: str


def assert_refused(case: Case, path: Path, load: Callable[[Path], object]) -> None:
    """See that loading a file names the place, the value that was found and a remedy, in plain words."""
    with pytest.raises(SpecError) as caught:
        load(path)
    problems = caught.value.problems
    assert (case.line, case.key) in {(problem.line, problem.key) for problem in problems}
    assert any(
        problem.key == case.key
        and case.found in problem.found
        and case.says in f"{problem.message} {problem.remedy}"
        for problem in problems
    ), str(caught.value)
    assert all(problem.file == path and problem.remedy for problem in problems)
    assert str(path) in str(caught.value)
    assert "pydantic" not in str(caught.value) and "Input should" not in str(caught.value)


def changed(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    return text


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
