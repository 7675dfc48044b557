"""Slurm's own commands, as far as an executor needs them: sbatch, squeue, scontrol, scancel."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import RunError, UserError

_SECONDS = 120.0
_LISTED = "%i|%j|%T|%r"
_ENDED = frozenset(
    (
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "TIMEOUT",
    )
)


class NoSlurmError(UserError):
    """This machine has no Slurm commands."""


class RefusedJobError(UserError):
    """Slurm does not take a job."""


class SlurmCommandError(RunError):
    """A command of Slurm failed, as it does while its controller does not answer."""


@dataclass(frozen=True)
class Job:
    """A job, or a task of a job array, as squeue lists it.

    Attributes:
        number: `JOB` or `JOB_TASK`.
        name: Its name.
        state: Slurm's word, such as `PENDING` or `RUNNING`.
        reason: Why it waits, or ended as it did.
        killed: Whether it ended by a signal.
    """

    number: str
    name: str
    state: str
    reason: str = ""
    killed: bool = False


def require_slurm() -> None:
    """Refuse a machine from which no job can be submitted.

    Raises:
        NoSlurmError: a command is missing.
    """
    missing = [name for name in ("sbatch", "squeue", "scontrol", "scancel") if not shutil.which(name)]
    if missing:
        raise NoSlurmError(
            f"executor slurm: this machine has no {', '.join(missing)}; run xstilts where jobs are submitted "
            "(a login node), or take another executor (`xstilts list executors`)"
        )


def submit(script: Path) -> str:
    """Submit a script and return the number of its job.

    Raises:
        RefusedJobError: Slurm does not take it, with Slurm's reason.
    """
    done = _run(["sbatch", "--parsable", str(script)])
    if done.returncode:
        raise RefusedJobError(
            f"Slurm refuses {script}: {done.stderr.strip()}; correct the executor profile's resources and "
            "settings (partition, account, qos …)"
        )
    return done.stdout.strip().split(";")[0]


def listed_jobs() -> dict[str, Job]:
    """Return this user's jobs that have not ended, by number; the tasks of arrays one by one.

    Raises:
        SlurmCommandError: Slurm does not answer.
    """
    lines = _output(["squeue", "--me", "--array", "--noheader", f"--format={_LISTED}"]).splitlines()
    parts = [[part.strip() for part in line.split("|", 3)] for line in lines if line.count("|") >= 3]
    jobs = [Job(number, name, state, reason) for number, name, state, reason in parts]
    return {job.number: job for job in jobs if job.state not in _ENDED}


def ended_job(number: str) -> Job | None:
    """Return how a job ended; None where Slurm does not know it any more."""
    done = _run(["scontrol", "show", "job", "--oneliner", number])
    facts = dict(word.split("=", 1) for word in done.stdout.split() if "=" in word)
    if done.returncode or "JobState" not in facts:
        return None
    reason = facts.get("Reason", "None")
    # CODE:SIGNAL of the script, whose code is 128 + SIGNAL where its step was killed.
    code, _, by_signal = facts.get("ExitCode", "0:0").partition(":")
    return Job(
        number,
        facts.get("JobName", ""),
        facts["JobState"],
        "" if reason == "None" else reason,
        killed=int(code) > 128 or by_signal not in ("", "0"),
    )


def cancel(numbers: Sequence[str]) -> None:
    """Cancel jobs; those that have ended are left as they are."""
    if numbers:
        _run(["scancel", "--quiet", *numbers])


def _output(command: Sequence[str]) -> str:
    done = _run(command)
    if done.returncode:
        raise SlurmCommandError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SlurmCommandError(f"{command[0]}: {error}") from error
