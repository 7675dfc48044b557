"""Tests of what only a GPU shows: `make test-gpu`. TINY=1 tries those of them that a CPU can do at all."""

import os

import pytest
import torch

from tests.training.conftest import copied, laboratory, weights  # noqa: F401 (fixtures)


@pytest.fixture(autouse=True)
def _gpu() -> None:
    if not torch.cuda.is_available() and not os.environ.get("TINY"):
        pytest.skip("no CUDA GPU on this machine (TINY=1 tries the tests on the CPU)")


@pytest.fixture
def cuda() -> None:
    """For tests that say nothing on a CPU."""
    if not torch.cuda.is_available():
        pytest.skip("no CUDA GPU on this machine")
