import json
from pathlib import Path
from typing import Any

import pytest

from harness.config.deepspeed_file import deepspeed_files, find_deepspeed
from harness.config.load import load_sequences
from harness.config.problem import SpecError
from tests.config.files import SEQUENCE, changed, write


def problems(tmp_path: Path, text: str) -> list[Any]:
    with pytest.raises(SpecError) as caught:
        find_deepspeed(str(write(tmp_path, "my.json", text)))
    return list(caught.value.problems)


@pytest.mark.parametrize("name", deepspeed_files())
def test_shipped_files_are_known_by_name(name: str) -> None:
    file = find_deepspeed(name)
    assert file.name == name
    assert file.zero_stage == int(name[4])
    assert file.offloads == name.endswith("_offload")


def test_a_file_by_path_is_found_from_the_sequence_file(tmp_path: Path) -> None:
    config = {"zero_optimization": {"stage": 1}, "optimizer": {"type": "auto", "params": {"lr": "auto"}}}
    write(tmp_path, "configs/my.json", json.dumps(config))
    path = write(tmp_path, "trial.yaml", changed(SEQUENCE, ("zero2", "configs/my.json")))
    (loaded,) = load_sequences([path])
    assert loaded.deepspeed.config == config
    assert loaded.deepspeed.zero_stage == 1


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        ('{\n"zero_optimisation": {}}', 2, "zero_optimisation", "did you mean 'zero_optimization'?"),
        ('{"zero_optimization":\n{"stage": 4}}', 2, "zero_optimization.stage", "0, 1, 2 or 3"),
        ('{"zero_optimization": {"stage": true}}', 1, "zero_optimization.stage", "0, 1, 2 or 3"),
        ('{"zero_optimization": 2}', 1, "zero_optimization", '{"stage": 2}'),
        (
            '{"zero_optimization": {"stage": 2, "offload_optimizer": {"device": "gpu"}}}',
            1,
            "zero_optimization.offload_optimizer.device",
            '"cpu"',
        ),
        (
            '{"zero_optimization": {"stage": 3, "zero_quantized_gradients": true}}',
            1,
            "zero_optimization.zero_quantized_gradients",
            "digest",
        ),
        ('{"compression_training": {}}', 1, "compression_training", "no longer"),
        ('{"steps_per_print": 1,\n "steps_per_print": 2}', 2, "steps_per_print", "twice"),
        ('{"zero_optimization": {"stage": 2},}', 1, "", "double quotes"),
        ("{'a': 1}", 1, "", "double quotes"),
        ('{\n// stage\n"a": 1}', 2, "", "no comments"),
        ("[]", 1, "", "must be a JSON object"),
        ("", 1, "", "not valid JSON"),
        ("[" * 100_000, None, "", "not valid JSON"),
    ],
)
def test_a_malformed_file_is_refused(
    text: str, line: int | None, key: str, says: str, tmp_path: Path
) -> None:
    (problem,) = problems(tmp_path, text)
    assert (problem.file, problem.line, problem.key) == (tmp_path / "my.json", line, key)
    assert says in f"{problem.message} {problem.remedy}"


def test_its_problems_come_with_those_of_the_sequence_file(tmp_path: Path) -> None:
    config = write(tmp_path, "my.json", '{"fp61": {"enabled": true}}')
    changes = ("zero2", "my.json"), ("seeds: [1, 2]", "seeds: 5")
    with pytest.raises(SpecError) as caught:
        load_sequences([write(tmp_path, "trial.yaml", changed(SEQUENCE, *changes))])
    assert [(problem.file, problem.key) for problem in caught.value.problems] == [
        (tmp_path / "trial.yaml", "seeds"),
        (config, "fp61"),
    ]
