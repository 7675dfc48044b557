"""Files to check: a sound sequence file and a sound task, and changes to them."""

from pathlib import Path

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
