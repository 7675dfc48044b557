import os
from collections.abc import Iterator

import pytest
import torch

from harness.training.determinism import enable_determinism, is_deterministic, with_all_operations


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    filled = torch.utils.deterministic.fill_uninitialized_memory
    yield
    torch.use_deterministic_algorithms(False)
    torch.utils.deterministic.fill_uninitialized_memory = filled
    os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)


def test_it_refuses_other_kernels_rather_than_warn_and_fills_nothing_with_nan() -> None:
    enable_determinism()
    assert torch.are_deterministic_algorithms_enabled()
    # Attention's backward pass asks this flag, and stays as it is where it may only warn.
    assert not torch.is_deterministic_algorithms_warn_only_enabled()
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    torch.empty(10_000).fill_(1.0)
    assert not torch.empty(10_000).isnan().all()


def put() -> torch.Tensor:
    """An operation that torch has in no deterministic form, on CPUs either."""
    return torch.zeros(3).put_(torch.tensor([1]), torch.ones(1))


def test_work_that_needs_another_operation_is_done_again_with_it_and_that_is_known() -> None:
    enable_determinism()
    with pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
        put()
    assert is_deterministic()
    known = []

    def work() -> list[int]:
        enable_determinism()  # as each stage and each scoring does
        found = put().tolist()
        known.append(is_deterministic())
        return found

    with pytest.warns(UserWarning, match="deterministic"):
        assert with_all_operations(work) == [0, 1, 0]
    assert known == [False]


def test_what_comes_after_such_work_is_deterministic_again() -> None:
    enable_determinism()
    with pytest.warns(UserWarning, match="deterministic"):
        with_all_operations(put)
    assert is_deterministic()
    with pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
        put()


def test_any_other_error_stays_one() -> None:
    enable_determinism()
    with pytest.raises(RuntimeError, match="size"):
        with_all_operations(lambda: torch.ones(2) + torch.ones(3))
    assert is_deterministic()
