"""A Slurm of two nodes on this machine, in a folder of its own."""

import os
import pwd
import random
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.cluster.cluster import Cluster
from tests.cluster.processes import free_port, kill, start, wait_until

PROGRAMS = (
    "munged",
    "munge",
    "slurmctld",
    "slurmd",
    "sbatch",
    "srun",
    "squeue",
    "scontrol",
    "scancel",
    "sinfo",
)
NODES = ("n1", "n2")
_CONFIGURATION = """
ClusterName=xstilts
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=100000,bf_interval=2
SlurmctldTimeout=30
SlurmdTimeout=10
InactiveLimit=0
KillWait=2
MinJobAge=600
ReturnToService=2
JobRequeue=1
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
{nodes}
PartitionName=cpu Nodes=n1,n2 Default=YES MaxTime=60 State=UP OverSubscribe=NO
PartitionName=gpu Nodes=n1,n2 MaxTime=60 State=UP
"""


def missing() -> str | None:
    """Return why there can be no Slurm here; None where there can."""
    absent = [program for program in PROGRAMS if _path(program) is None]
    if absent:
        return f"no {', '.join(absent)} (Debian and Ubuntu: apt-get install slurm-wlm munge)"
    if os.geteuid() != 0:
        return "slurmd needs root"
    return None


def _path(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")


class SlurmCluster(Cluster):
    """Munge, a controller and two nodes of one core each, all on 127.0.0.1."""

    executor = "slurm"
    may_be_lost = NODES

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self.configuration = folder / "slurm.conf"

    def settings(self) -> dict[str, Any]:
        return {"partition": "cpu", "poll_seconds": 1, "signal_seconds": 5}

    @property
    def environment(self) -> dict[str, str]:
        """What a shell needs to speak with this Slurm."""
        return {**os.environ, "SLURM_CONF": str(self.configuration)}

    def start(self) -> None:
        for name in ("state", *(f"spool-{node}" for node in NODES)):
            (self.folder / name).mkdir(parents=True)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        host = socket.gethostname()
        nodes = "\n".join(
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={free_port()} CPUs=1 "
            "RealMemory=8000"
            for node in NODES
        )
        self.configuration.write_text(
            _CONFIGURATION.format(
                host=host,
                folder=self.folder,
                controller_port=free_port(),
                user=pwd.getpwuid(os.geteuid()).pw_name,
                nodes=nodes,
            )
        )
        self._start_munge()
        self._daemon("slurmctld", "slurmctld", "-D", "-i")
        for node in NODES:
            self.start_node(node)
        wait_until(self._is_idle, 60, "two idle nodes", self.folder / "slurmctld.log")

    def _start_munge(self) -> None:
        socket_file = self.folder / "munge.socket"
        files = {
            "key-file": "munge.key",
            "socket": "munge.socket",
            "pid-file": "munged.pid",
            "seed-file": "seed",
        }
        options = [f"--{option}={self.folder / name}" for option, name in files.items()]
        self._daemon("munged", "munged", "--foreground", "--force", *options)
        wait_until(socket_file.exists, 20, "munge's socket", self.folder / "munged.out")

    def _daemon(self, name: str, program: str, *options: str) -> None:
        path = _path(program)
        assert path is not None
        self._daemons[name] = start([path, *options], self.folder / f"{name}.out", self.environment)

    def start_node(self, node: str) -> None:
        self._daemon(node, "slurmd", "-D", "-N", node)

    def lose_node(self, node: str) -> None:
        kill([self._daemons.pop(node).pid, *self._steps_of(node)])
        # As a watchdog would; the controller itself waits for SlurmdTimeout.
        self.command("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=lost")

    def restore_node(self, node: str) -> None:
        self.start_node(node)
        self._resume(node)

    def _resume(self, node: str) -> None:
        # Refused where the node has come back by itself already.
        self._run("scontrol", "update", f"NodeName={node}", "State=RESUME")
        wait_until(lambda: self._state(node) in ("idle", "mixed", "allocated"), 60, f"node {node}")

    def fault(self, drawing: random.Random) -> str:
        node, kind = (
            drawing.choice(NODES),
            drawing.choice(("lost", "drained", "killed", "canceled", "requeued")),
        )
        jobs = self._jobs_of(node)
        if kind == "lost":
            self.lose_node(node)
            time.sleep(drawing.uniform(0, 5))
            self.restore_node(node)
        elif kind == "drained":
            self.command("scontrol", "update", f"NodeName={node}", "State=DRAIN", "Reason=drained")
            time.sleep(drawing.uniform(0, 20))
            self._resume(node)
        elif kind == "killed":
            kill(self.workers(node))
        else:
            # Both are refused where a job has ended in between.
            for job in jobs:
                self._run(*(("scancel", job) if kind == "canceled" else ("scontrol", "requeue", job)))
        return f"{node} {kind}, with {len(jobs)} jobs"

    def jobs(self) -> list[str]:
        """Return the numbers of the jobs that wait or run, the tasks of arrays one by one."""
        return self.command("squeue", "--noheader", "--array", "--format=%i").split()

    def command(self, *words: str) -> str:
        """Run one of Slurm's commands and return what it prints."""
        done = self._run(*words)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def stop(self) -> None:
        """End all jobs, then the daemons."""
        if (self.folder / "munge.socket").exists():
            self._run("scancel", "--full", "--user", pwd.getpwuid(os.geteuid()).pw_name)
        steps = [pid for node in NODES for pid in self._steps_of(node)]
        kill([*(daemon.pid for daemon in self._daemons.values()), *steps])
        self._daemons.clear()

    def _steps_of(self, node: str) -> list[int]:
        """Return the process ids of a node's `slurmstepd`, which outlive its `slurmd`."""
        spool = str(self.folder / f"spool-{node}")
        found = []
        for process in psutil.process_iter(["name", "pid"]):
            if process.info["name"] != "slurmstepd":
                continue
            try:
                files = [file.path for file in process.open_files()]
                texts = [*files, process.cwd(), " ".join(process.environ().values())]
            except psutil.Error:
                continue
            if any(spool in text or f"slurmd-{node}.log" in text for text in texts):
                found.append(process.pid)
        return found

    def workers(self, *nodes: str) -> list[int]:
        found = []
        for step in [pid for node in nodes or NODES for pid in self._steps_of(node)]:
            with suppress(psutil.Error):
                for process in psutil.Process(step).children(recursive=True):
                    if "harness.execution.run_step" in process.cmdline():
                        found.append(process.pid)
        return found

    def _jobs_of(self, node: str) -> list[str]:
        """Return the numbers of the jobs that run on a node."""
        return self.command("squeue", "--noheader", "--nodelist", node, "--states=R", "--format=%i").split()

    def _state(self, node: str) -> str:
        return self.command("sinfo", "--noheader", "--nodes", node, "--Format", "StateLong").split()[0]

    def _is_idle(self) -> bool:
        listing = self._run("sinfo", "--noheader", "--Node", "--partition", "cpu", "--Format", "StateLong")
        return listing.stdout.split() == ["idle", "idle"]

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
