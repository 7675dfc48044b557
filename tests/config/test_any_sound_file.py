"""Sound sequence files and training tasks, whatever they say, are never refused."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.config.catalogue import Catalogue
from harness.config.load import load_sequences
from harness.config.training_task_file import check_training_task
from harness.config.yaml_source import parse_yaml
from harness.planning.tree import Plan

INTERMEDIATES = ["mnli", "qqp", "qnli", "sst2", "cola", "mrpc", "rte", "squad_v1", "copa", "panx_en", "mlm"]
GROUPS = {"xnli": ["xtreme_xnli", "xtreme_xnli_en", "xtreme_xnli_sw"], "pawsx": ["xtreme_pawsx"]}
# What a line of YAML can hold without escapes of its own is up to the writer of YAML.
TEXT = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=60).filter(
    # The writer of YAML leaves 0E0 unquoted, which is a number by YAML 1.2.
    lambda text: text.strip() == text and not re.fullmatch(r"[-+]?[\d.]+[eE][-+]?\d+", text)
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


@st.composite
def training(draw: st.DrawFn) -> dict[str, Any]:
    accumulation = draw(st.sampled_from([1, 2, 8]))
    every = {
        "epochs": st.integers(1, 1000) | st.floats(0.001, 1000),
        "steps": st.integers(1, 10**9),
        "learning_rate": st.floats(1e-12, 0.999),
        "batch_size": st.integers(1, 8192).map(lambda rows: rows * accumulation),
        "accumulation": st.just(accumulation),
        "max_length": st.integers(8, 8192),
        "warmup_ratio": st.floats(0, 0.999),
        "schedule": st.sampled_from(["linear", "constant"]),
        "weight_decay": st.floats(0, 0.999),
        "max_grad_norm": st.floats(1e-6, 1e6),
        "precision": st.sampled_from(["fp32", "bf16", "fp16"]),
        "freeze_embeddings": st.booleans(),
        "dropout": st.none() | st.floats(0, 0.999),
        "train_rows": st.none() | st.integers(1, 10**9),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(every))))
    if "accumulation" in chosen:
        chosen.add("batch_size")
    return {key: draw(every[key]) for key in sorted(chosen)}


@st.composite
def sequence(draw: st.DrawFn) -> dict[str, Any]:
    tasks = draw(st.lists(st.sampled_from(INTERMEDIATES), min_size=1, max_size=4, unique=True))
    targets = draw(st.lists(st.sampled_from(sorted(GROUPS)), min_size=1, max_size=2, unique=True))
    lengths = st.lists(st.integers(0, len(tasks)), min_size=1, unique=True)
    listed = st.lists(st.permutations(tasks), min_size=1, max_size=3, unique_by=tuple)
    orders = draw(
        st.just("all")
        | st.builds(lambda found: {"lengths": found}, lengths)
        | listed.map(lambda x: [*map(list, x)])
    )
    content: dict[str, Any] = {
        "name": draw(st.from_regex(r"[a-z][a-z0-9-]{0,40}", fullmatch=True)),
        "model": draw(
            st.sampled_from(["embedded:e5-small", "xlm-roberta-base", "FacebookAI/xlm-roberta-large"])
        ),
        "intermediates": tasks,
        "orders": orders,
        "targets": targets,
        "seeds": draw(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=5, unique=True)),
        "training": draw(training()),
        "deepspeed": draw(
            st.sampled_from(["zero0", "zero1", "zero2", "zero2_offload", "zero3", "zero3_offload"])
        ),
        "evaluation": {"tasks": [draw(st.sampled_from(GROUPS[target])) for target in targets]},
    }
    if content["training"].get("precision") == "fp16" and content["deepspeed"] == "zero0":
        # Refused, since DeepSpeed learns next to nothing in fp16 without ZeRO.
        content["deepspeed"] = "zero2"
    further = {
        "title": TEXT,
        "question": TEXT,
        "overlap": st.sampled_from(["refuse", "drop"]),
        "forgetting": st.booleans(),
    }
    for key in draw(st.sets(st.sampled_from(sorted(further)))):
        content[key] = draw(further[key])
    return content


@given(content=sequence(), flow=st.sampled_from([True, False, None]))
def test_any_sound_sequence_file_is_read(tmp_path: Path, content: dict[str, Any], flow: bool | None) -> None:
    path = tmp_path / "own.yaml"
    text = yaml.safe_dump(content, allow_unicode=True, default_flow_style=flow, sort_keys=False)
    path.write_text(text, encoding="utf-8")
    (loaded,) = load_sequences([path])
    assert loaded.spec.seeds == tuple(content["seeds"])
    assert loaded.spec.title == content.get("title") and loaded.spec.question == content.get("question")
    for key, value in content["training"].items():
        assert getattr(loaded.spec.training, key) == value
    assert Plan.of(loaded).stages


@given(title=TEXT, citation=TEXT, license_=TEXT, labels=st.lists(TEXT, min_size=2, max_size=6, unique=True))
def test_any_sound_task_is_read(
    catalogue: Catalogue, title: str, citation: str, license_: str, labels: list[str]
) -> None:
    content = {
        "name": "own",
        "kind": "classification",
        "title": title,
        "citation": citation,
        "license": license_,
        "inputs": ["premise"],
        "label": "label",
        "labels": labels,
        "sources": {"folder": {"path": "own/train.tsv", "format": "tsv"}},
    }
    source = parse_yaml(Path("own.yaml"), yaml.safe_dump(content, allow_unicode=True))
    assert check_training_task(source, catalogue.scorers).labels == tuple(labels)
