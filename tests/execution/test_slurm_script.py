"""The scripts for sbatch hold what a profile says; tests/cluster submits them."""

import subprocess
from pathlib import Path

import pytest

from harness.cost.resources import GIB, Resources
from harness.execution.executors.slurm_script import Container, SlurmSettings, array_script, runs_script

SETTINGS = SlurmSettings(
    partition="gpu",
    account="stilts",
    qos="long",
    constraint="a100&nvlink",
    gpu_type="a100",
    options=("--exclude=node7",),
    setup=("module load cuda", 'export NAME="two words"'),
    signal_seconds=90,
)
ALONE = Resources(devices=0.5, threads=4, memory=3 * GIB - 1, time_limit=5400)
TOGETHER = Resources(devices=1, processes=8, nodes=2, threads=6)


def script_of(settings: SlurmSettings, resources: Resources) -> str:
    return array_script(settings, resources, "a job", Path("/store/my steps"), 3, Path("/store/%A_%a.log"))


def directives(script: str) -> set[str]:
    return {line.removeprefix("#SBATCH ") for line in script.splitlines() if line.startswith("#SBATCH ")}


@pytest.mark.parametrize("resources", [ALONE, TOGETHER], ids=["alone", "together"])
@pytest.mark.parametrize("container", [None, Container(image="/images/x y.sqsh", mounts=("/store", "/data"))])
def test_scripts_are_shell_scripts(resources: Resources, container: Container | None) -> None:
    settings = SETTINGS.model_copy(update={"container": container})
    for script in (
        script_of(settings, resources),
        runs_script(settings, "a job", 4, ["run", "my orders.yaml"], resources),
    ):
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_what_the_profile_asks_for_is_asked_of_slurm() -> None:
    assert directives(script_of(SETTINGS, ALONE)) >= {
        "--partition=gpu", "--account=stilts", "--qos=long", "--constraint=a100&nvlink", "--exclude=node7",
        "--nodes=1", "--ntasks-per-node=1", "--cpus-per-task=4", "--mem=3G", "--gpus-per-node=a100:1",
        "--time=90", "--signal=B:USR1@90", "--requeue", "--array=0-2",
    }  # fmt: skip
    together = directives(script_of(SETTINGS, TOGETHER))
    assert together >= {"--nodes=2", "--ntasks-per-node=4", "--gpus-per-node=a100:4"}
    assert not any(option.startswith(("--mem", "--time")) for option in together)


def test_several_processes_and_containers_are_started_by_srun() -> None:
    assert "srun" not in script_of(SETTINGS, ALONE)
    assert "WORLD_SIZE=$SLURM_NTASKS" in script_of(SETTINGS, TOGETHER)
    container = Container(image="/images/x.sqsh", mounts=("/store",))
    contained = script_of(SETTINGS.model_copy(update={"container": container}), ALONE)
    assert "srun" in contained and "--container-image=/images/x.sqsh --container-mounts=/store" in contained
