"""A Ray cluster of two nodes on this machine, on loopback addresses of its own."""

import importlib.util
import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.cluster.cluster import Cluster
from tests.cluster.processes import free_port, kill, start, wait_until

# The head takes a node for lost in seconds; by default it takes a quarter of a minute. And workers are not
# nicer than the tests.
_VARIABLES = {
    "RAY_worker_niceness": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
}
# Ray replaces 127.0.0.1 by the machine's own address.
HEAD, SECOND = "127.0.0.2", "127.0.0.3"


def missing() -> str | None:
    """Return why there can be no Ray here; None where there can."""
    return None if importlib.util.find_spec("ray") else "no package ray (pip install 'xstilts[ray]')"


class RayCluster(Cluster):
    """A head and a second node of one core each."""

    executor = "ray"
    # The head keeps the list of nodes, and runs are connected to it.
    may_be_lost = (SECOND,)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._port = free_port()
        self._nodes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def address(self) -> str:
        return f"{HEAD}:{self._port}"

    def settings(self) -> dict[str, Any]:
        return {"address": self.address, "node_ip_address": HEAD}

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._start(
            HEAD,
            "--head",
            f"--port={self._port}",
            "--include-dashboard=false",
            f"--temp-dir={self.folder / 'r'}",
        )
        wait_until(lambda: self._alive() == 1, 60, "Ray's head", self._log(HEAD))
        self.restore_node(SECOND)

    def restore_node(self, node: str) -> None:
        before = self._alive()
        self._start(node, f"--address={self.address}")
        wait_until(lambda: self._alive() == before + 1, 60, f"Ray's node {node}", self._log(node))

    def lose_node(self, node: str) -> None:
        before = self._alive()
        kill([self._nodes.pop(node).pid])
        wait_until(lambda: self._alive() < before, 120, f"the end of Ray's node {node}")

    def fault(self, drawing: random.Random) -> str:
        if drawing.random() < 0.5:
            self.lose_node(SECOND)
            time.sleep(drawing.uniform(0, 5))
            self.restore_node(SECOND)
            return f"node {SECOND} removed"
        workers = self.workers()
        kill([drawing.choice(workers)] if workers else [])
        return f"one of {len(workers)} actors killed"

    def workers(self) -> list[int]:
        found = []
        for node in self._nodes.values():
            for process in psutil.Process(node.pid).children(recursive=True):
                with suppress(psutil.Error):
                    if process.cmdline()[:1] and process.cmdline()[0].startswith("ray::Worker"):
                        found.append(process.pid)
        return found

    def stop(self) -> None:
        kill([node.pid for node in self._nodes.values()])
        self._nodes.clear()

    def _start(self, address: str, *options: str) -> None:
        command = [
            sys.executable,
            "-m",
            "ray.scripts.scripts",
            "start",
            "--block",
            f"--node-ip-address={address}",
        ]
        settings = ["--num-cpus=1", "--disable-usage-stats", "--min-worker-port=0"]
        env = {**os.environ, **_VARIABLES}
        self._nodes[address] = start(
            [*command, *settings, "--max-worker-port=0", *options], self._log(address), env
        )

    def _log(self, address: str) -> Path:
        return self.folder / f"{address}.log"

    def _alive(self) -> int:
        """Return how many nodes the head knows to be alive."""
        from ray._raylet import GcsClient

        try:
            nodes = GcsClient(address=self.address).get_all_node_info(timeout=5)
        except Exception:
            return 0
        return sum(node.state == 0 for node in nodes.values())
