"""The scripts that `sbatch` takes: of an array of steps, and of runs that share a plan without a master."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from harness.cost.resources import GIB, Resources
from harness.frozen_model import FrozenModel

OUT_OF_TIME = "out-of-time"
"""File in an attempt's folder: its time limit came before there was anything to go on from."""


class Container(FrozenModel):
    """A container that steps run in, by the plugin pyxis (https://github.com/NVIDIA/pyxis)."""

    image: str = Field(description="--container-image of srun.")
    mounts: tuple[str, ...] = Field((), description="--container-mounts: the store, data and cache, too.")


class SlurmSettings(FrozenModel):
    """What a profile sets for Slurm."""

    partition: str | None = Field(None, description="Option --partition of sbatch.")
    account: str | None = Field(None, description="Option --account of sbatch.")
    qos: str | None = Field(None, description="Option --qos of sbatch.")
    constraint: str | None = Field(None, description="Option --constraint of sbatch.")
    gpu_type: str | None = Field(None, description="Type of GPU, such as a100 (--gpus-per-node=a100:1).")
    options: tuple[str, ...] = Field((), description="Further options of sbatch, such as --exclude=node7.")
    container: Container | None = Field(None, description="Runs each step in a container.")
    setup: tuple[str, ...] = Field(
        (), description="Shell lines before each step, such as `module load cuda`."
    )
    python: str | None = Field(None, description="Python on the nodes. Default: the one that runs xstilts.")
    signal_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(
        120, description="Seconds before the time limit at which a step saves a resume point and is requeued."
    )
    max_jobs: Annotated[int, Field(ge=1)] = Field(500, description="Jobs that wait or run at the same time.")
    poll_seconds: Annotated[float, Field(ge=1)] = Field(15.0, description="Seconds between calls of squeue.")
    on_interrupt: Literal["detach", "cancel"] = Field(
        "detach",
        description="Whether the jobs of an interrupted run go on, or are cancelled.",
    )


def array_script(
    settings: SlurmSettings, resources: Resources, name: str, steps: Path, count: int, log: Path
) -> str:
    """Return the script of a job array, each task of which carries out one step.

    Before the time limit, or on preemption with `send_user_signal`, Slurm sends SIGUSR1 to the script alone
    (--signal=B:USR1@SECONDS), which hands it on: the step saves a resume point and ends, and the script
    requeues its task. `scontrol requeue` keeps the job's number and age; the step's folder stays the same.

    Args:
        settings: The profile's.
        resources: Of each step.
        name: Of the job.
        steps: File that names the folder of each task's attempt, a line each.
        count: Number of tasks.
        log: File for what the script says before it knows its step; `%A` and `%a` stand for job and task.
    """
    setup = "\n".join(settings.setup)
    return f"""#!/bin/bash
{_directives(settings, resources, name)}
#SBATCH --array=0-{count - 1}
#SBATCH --output={shlex.quote(str(log))}
ATTEMPT=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" {shlex.quote(str(steps))})
exec >>"$ATTEMPT/log" 2>&1
{setup}
export PYTHON={shlex.quote(settings.python or sys.executable)}
export OMP_NUM_THREADS={resources.threads} OMP_WAIT_POLICY=PASSIVE PYTHONUNBUFFERED=1
AGAIN=
if [ "${{SLURM_RESTART_COUNT:-0}}" -gt 0 ]; then
    echo "xstilts: requeued, time number $SLURM_RESTART_COUNT, on $SLURMD_NODENAME"
    rm -f "$ATTEMPT"/outcome.json "$ATTEMPT"/error-rank*.json
    AGAIN=--again
fi
{_launch(settings, resources)} &
STEP=$!
LIMIT=
trap 'LIMIT=yes; kill -USR1 $STEP' USR1
# Slurm signals all processes of the job.
trap : TERM
wait $STEP
while kill -0 $STEP 2>/dev/null; do wait $STEP; done
wait $STEP
CODE=$?
# Only a step that has saved something gets further by another try; 138: it had not even begun.
if [ -n "$LIMIT" ] && {{ [ $CODE -eq 138 ] || grep -qs '"saved":[0-9]' "$ATTEMPT/outcome.json"; }}; then
    scontrol requeue $SLURM_JOB_ID
elif [ -n "$LIMIT" ] && [ $CODE -ne 0 ]; then
    touch "$ATTEMPT/{OUT_OF_TIME}"
fi
exit $CODE
"""


def runs_script(
    settings: SlurmSettings, name: str, runs: int, words: Sequence[str], resources: Resources
) -> str:
    """Return the script of an array of runs that share one plan by the locks of its store.

    For those who may only submit scripts: no process has to wait outside of the jobs. Each run takes what is
    ready and not taken; the first and the last to end write the leaderboard alike.

    Args:
        settings: The profile's.
        name: Of the job.
        runs: How many share the plan.
        words: Of the command line of `xstilts` that makes a run.
        resources: Of the steps that need the most.
    """
    command = shlex.join([settings.python or sys.executable, "-m", "harness.cli.main", *words])
    setup = "\n".join(settings.setup)
    return f"""#!/bin/bash
{_directives(settings, resources, name)}
#SBATCH --array=0-{runs - 1}
#SBATCH --output={name}-%A_%a.log
{setup}
export OMP_NUM_THREADS={resources.threads}
{command} &
RUN=$!
LIMIT=
trap 'LIMIT=yes; kill -TERM $RUN' USR1
trap 'kill -TERM $RUN' TERM
wait $RUN
while kill -0 $RUN 2>/dev/null; do wait $RUN; done
wait $RUN
CODE=$?
if [ -n "$LIMIT" ] && [ $CODE -ne 0 ]; then
    scontrol requeue $SLURM_JOB_ID
fi
exit $CODE
"""


def _directives(settings: SlurmSettings, resources: Resources, name: str) -> str:
    return "\n".join(f"#SBATCH {option}" for option in _options(settings, resources, name))


def _options(settings: SlurmSettings, resources: Resources, name: str) -> Iterator[str]:
    per_node = -(-resources.processes // resources.nodes)
    yield f"--job-name={name}"
    for option in ("partition", "account", "qos", "constraint"):
        if (value := getattr(settings, option)) is not None:
            yield f"--{option}={value}"
    yield f"--nodes={resources.nodes}"
    yield f"--ntasks-per-node={per_node}"
    yield f"--cpus-per-task={resources.threads}"
    if resources.memory is not None:
        yield f"--mem={-(-resources.memory // GIB)}G"
    if resources.devices:
        # Slurm gives whole GPUs; several steps on one are a matter of MPS or shards (docs/how-to/slurm.md).
        gpus = -int(-resources.devices // 1) * per_node
        yield f"--gpus-per-node={f'{settings.gpu_type}:' if settings.gpu_type else ''}{gpus}"
    if resources.time_limit is not None:
        yield f"--time={max(1, -int(-resources.time_limit // 60))}"
    yield f"--signal=B:USR1@{settings.signal_seconds}"
    yield "--requeue"
    yield "--open-mode=append"
    yield from settings.options


def _launch(settings: SlurmSettings, resources: Resources) -> str:
    """Return the command of a step: by srun where it has a container or several processes."""
    step = '"$PYTHON" -m harness.execution.run_step "$ATTEMPT" $AGAIN'
    if resources.processes == 1 and settings.container is None:
        return step
    srun = ["srun", "--kill-on-bad-exit=1", f"--cpus-per-task={resources.threads}"]
    if settings.container is not None:
        srun.append(shlex.quote(f"--container-image={settings.container.image}"))
        if settings.container.mounts:
            srun.append(shlex.quote(f"--container-mounts={','.join(settings.container.mounts)}"))
    if resources.processes == 1:
        return f"{' '.join(srun)} {step}"
    # The variables that torchrun would set, from Slurm's own: one launcher less, and signals reach the ranks.
    ranks = "RANK=$SLURM_PROCID LOCAL_RANK=$SLURM_LOCALID WORLD_SIZE=$SLURM_NTASKS"
    return f"""FIRST=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
MASTER_ADDR=$(scontrol show node "$FIRST" | grep -o 'NodeAddr=[^ ]*' | cut -d= -f2)
export ATTEMPT AGAIN MASTER_ADDR MASTER_PORT=$((20000 + SLURM_JOB_ID % 12000))
{" ".join(srun)} bash -c '{ranks} exec {step} --distributed'"""
