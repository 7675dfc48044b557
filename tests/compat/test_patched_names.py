"""The names that `harness.compat` patches exist in the installed versions: an upgrade shows here first."""

import inspect
import subprocess
import sys

import pytest


def test_deepspeed_keeps_what_is_undone_where_it_is_looked_for() -> None:
    from deepspeed.runtime.zero import parameter_offload, partition_parameters
    from deepspeed.runtime.zero.partitioned_param_coordinator import PartitionedParameterCoordinator

    assert isinstance(parameter_offload.FWD_MODULE_STACK, list)
    assert "torch.nn.functional.linear = " in inspect.getsource(partition_parameters)
    wrapped = (
        inspect.getclosurevars(method).nonlocals.get("func")
        for method in vars(PartitionedParameterCoordinator).values()
        if inspect.isfunction(method)
    )
    assert any(hasattr(function, "cache_clear") for function in wrapped)


@pytest.mark.slow
def test_deepspeed_looks_for_muon_where_it_was_imported_without_torchs_compiler() -> None:
    from deepspeed.runtime.zero import utils

    code = "from harness.compat.deepspeed import import_muon; import sys; import_muon(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    module = "deepspeed.runtime.zero.muon.muon_optimizer"
    assert f"from {module} import" in inspect.getsource(utils.is_zero_supported_optimizer)
    assert module in done.stdout.split()
    assert "torch._inductor.compile_fx" not in done.stdout.split()


def test_lm_eval_looks_up_its_bar_where_it_is_patched() -> None:
    import lm_eval.api.task

    assert "tqdm(" in inspect.getsource(lm_eval.api.task.Task.build_all_requests)


def test_the_model_is_registered_once() -> None:
    from lm_eval.api.registry import model_registry

    from harness.compat.lm_eval import register_model

    register_model()
    register_model()
    assert "xstilts" in model_registry


def test_what_is_patched_is_put_back() -> None:
    import lm_eval.api.task

    from harness.compat.lm_eval import quiet_lm_eval

    before = lm_eval.api.task.tqdm
    with pytest.raises(KeyError), quiet_lm_eval():
        assert lm_eval.api.task.tqdm is not before
        raise KeyError
    assert lm_eval.api.task.tqdm is before
