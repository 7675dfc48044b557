"""Environment variables of a run and its workers: what a launcher left behind, which devices are named."""

import os
from collections.abc import Mapping

from harness.errors import UserError

# What torchrun, srun wrappers and job templates set for a process that is to join others. A worker of xstilts
# forms its own group; with these it would wait for processes that nobody starts.
_LAUNCHER = (
    "RANK",
    "LOCAL_RANK",
    "WORLD_SIZE",
    "LOCAL_WORLD_SIZE",
    "MASTER_ADDR",
    "MASTER_PORT",
    "NODE_RANK",
    "SLURM_PROCID",
    "SLURM_LOCALID",
    "SLURM_NODEID",
    "SLURM_NTASKS",
    "SLURM_NPROCS",
)
_LAUNCHER_PREFIXES = ("GROUP_", "ROLE_", "TORCHELASTIC_", "PET_", "PMI_", "PMIX_", "OMPI_COMM_WORLD_")
_HIDES_ALL = ("", "-1", "none", "nodevfiles")


class AcceleratorError(UserError):
    """`DS_ACCELERATOR` names a device that this machine has not, or that xstilts does not train on."""


def launcher_variables(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the variables that a launcher of distributed processes has set."""
    return tuple(
        sorted(name for name in variables if name in _LAUNCHER or name.startswith(_LAUNCHER_PREFIXES))
    )


def drop_launcher_variables() -> None:
    """Forget what a launcher has set for this process, which then forms a group of its own."""
    for name in launcher_variables(os.environ):
        del os.environ[name]


def visible_devices(variables: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the entries of CUDA_VISIBLE_DEVICES; None where it is not set.

    As CUDA reads it (https://docs.nvidia.com/cuda/cuda-c-programming-guide/#cuda-environment-variables): what
    follows an entry that is no device, such as -1, is hidden. Entries are numbers, UUIDs or MIG names.
    """
    named = variables.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return None
    entries: list[str] = []
    for entry in (part.strip() for part in named.split(",")):
        if entry.casefold() in _HIDES_ALL:
            break
        entries.append(entry)
    return tuple(entries)


def worker_variables(threads: int, devices: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the environment of a worker.

    Args:
        threads: CPU threads of each of its processes.
        devices: The CUDA devices that it may use; none given: those that this process may use.
    """
    ours = {
        "OMP_NUM_THREADS": str(threads),
        # Threads that wait actively for each other make a worker several times slower as soon as
        # anything else wants a core, and spare a few per cent where nothing does.
        "OMP_WAIT_POLICY": "PASSIVE",
        "TOKENIZERS_PARALLELISM": "true",
        "PYTHONUNBUFFERED": "1",
    }
    left = launcher_variables(os.environ)
    given = {name: value for name, value in os.environ.items() if name not in left}
    seen = devices or visible_devices(os.environ)
    # Without a comma at its end, which DeepSpeed cannot read.
    return ours | given | ({} if seen is None else {"CUDA_VISIBLE_DEVICES": ",".join(seen)})


def check_accelerator(variables: Mapping[str, str], has_gpu: bool) -> None:
    """Refuse a DS_ACCELERATOR that DeepSpeed would take though xstilts trains on something else.

    Raises:
        AcceleratorError: it is neither `cuda` where there is an NVIDIA GPU nor `cpu` where there is none.
    """
    named, used = variables.get("DS_ACCELERATOR"), "cuda" if has_gpu else "cpu"
    if named is not None and named != used:
        found = "an NVIDIA GPU" if has_gpu else "no NVIDIA GPU that this process may use"
        raise AcceleratorError(
            f"DS_ACCELERATOR={named}: this machine has {found}, so stages are trained on {used}; unset "
            f"DS_ACCELERATOR, or set it to {used}"
        )
