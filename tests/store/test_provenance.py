import os
from pathlib import Path

import pytest

from harness.store.provenance import environment


@pytest.mark.parametrize(
    ("visible", "names"), [("0,1", True), ("GPU-3f2a", True), ("", False), ("-1", False)]
)
def test_a_machine_is_named_by_its_gpus_too(monkeypatch, tmp_path: Path, visible, names) -> None:
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho NVIDIA H100 80GB HBM3\necho NVIDIA H100 80GB HBM3\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    hardware = environment.__wrapped__().hardware
    assert hardware.endswith(", NVIDIA H100 80GB HBM3") is names
    assert hardware.count("NVIDIA") == names
