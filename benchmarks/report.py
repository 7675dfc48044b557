"""What the benchmarks print and store."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

import harness


class Report:
    """Prints each result as it comes and stores all of them as JSON."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._results: list[dict[str, Any]] = []
        self._machine = {
            "xstilts": harness.__version__,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "processors": os.cpu_count(),
            "threads": torch.get_num_threads(),
        }
        print(", ".join(f"{name} {value}" for name, value in self._machine.items()))

    def measured(self, name: str, work: Callable[[], object], repeats: int = 5) -> float:
        """Time a piece of work; return the median of its repeats in seconds."""
        seconds = []
        for _ in range(repeats):
            begin = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - begin)
        self.add(name, seconds, "s")
        return statistics.median(seconds)

    def add(self, name: str, values: Sequence[float], unit: str) -> None:
        """Note several measurements of one thing."""
        middle, low, high = statistics.median(values), min(values), max(values)
        print(f"{name:60} {middle:10.3f} {unit:9} ({low:.3f} to {high:.3f}, {len(values)} times)", flush=True)
        self._keep(name=name, unit=unit, median=middle, values=list(values))

    def ratio(self, name: str, ours: Sequence[float], theirs: Sequence[float], bar: str) -> None:
        """Note how many times as much ours is as theirs: the ratio of the medians, and of each round."""
        ratio = statistics.median(ours) / statistics.median(theirs)
        rounds = sorted(a / b for a, b in zip(ours, theirs, strict=True))
        spread = f"rounds {rounds[0]:.2f} to {rounds[-1]:.2f}"
        print(f"{name:60} {ratio:10.2f} x         ({spread}; bar {bar})", flush=True)
        self._keep(name=name, unit="ratio", median=ratio, values=rounds, bar=bar)

    def note(self, name: str, value: float, unit: str, bar: str) -> None:
        """Note one number that has a bar."""
        print(f"{name:60} {value:10.3f} {unit:9} (bar {bar})", flush=True)
        self._keep(name=name, unit=unit, median=value, values=[value], bar=bar)

    def _keep(self, **result: Any) -> None:
        self._results.append(result)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        document = {"machine": self._machine, "results": self._results}
        self._file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def side(name: str, **settings: object) -> dict[str, Any]:
    """Run one side of a comparison (benchmarks.sides) in a process of its own; return what it measured.

    A process each, so that neither finds the other's caches, thread pools or process group.
    """
    command = [sys.executable, "-m", "benchmarks.sides", name, json.dumps(settings)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured
