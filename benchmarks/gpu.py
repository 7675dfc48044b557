"""What only a GPU shows, in at most 8 minutes on one: `python -m benchmarks.gpu [SECTION …]`.

Each section (benchmarks.gpu_sections) is a process of its own with a limit, so that one that dies costs only
itself. The figures go to benchmarks/results/gpu-NAME.json, by the name of the device. TINY=1 tries the
program itself on a CPU, with a model that is no measure of anything; then the file goes to .xstilts/.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.gpu_sections import SECTIONS, TINY
from harness.execution.environment import visible_devices

SECONDS = 470
"""For all sections together."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="SECTION", help=f"which: {', '.join(SECTIONS)}; default: all"
    )
    parser.add_argument("--output", type=Path, help="the file of the figures")
    given = parser.parse_args()
    if unknown := sorted({*given.names} - SECTIONS.keys()):
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    deadline = time.perf_counter() + SECONDS
    found: dict[str, Any] = {}
    file = given.output
    for name in dict.fromkeys(["device", *(given.names or SECTIONS)]):
        limit = 900 if TINY else min(SECTIONS[name][0], deadline - time.perf_counter())
        found[name] = _section(name, limit) if limit > 10 else {"error": "no time was left"}
        print(f"{name}: {json.dumps(found[name], indent=2, ensure_ascii=False)}\n", flush=True)
        file = file or _file(found["device"].get("name", "unknown"))
        # After each section: what ends this program early leaves what came before.
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(file)


def _file(device: str) -> Path:
    name = re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-")
    return Path(".xstilts" if TINY else "benchmarks/results") / f"gpu-{name}.json"


def _section(name: str, limit: float) -> dict[str, Any]:
    """Carry a section out in a process of its own; return its figures, or how it ended without."""
    command = [sys.executable, "-m", "benchmarks.gpu_sections", name]
    # Trainer would take all GPUs that it sees.
    devices = visible_devices(os.environ)
    first = "0" if devices is None else ",".join(devices[:1])
    began = time.perf_counter()
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": first},
    ) as process:
        try:
            words, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            words, _ = process.communicate()
            words += f"\nended after {limit:.0f} s"
    seconds = round(time.perf_counter() - began, 1)
    lines = words.splitlines()
    # A section prints a line of JSON as soon as it has a figure, so that a late end leaves what came before.
    figures: dict[str, Any] = {}
    for line in lines:
        if line.startswith('{"'):
            with suppress(ValueError):  # of what a library prints
                figures |= json.loads(line)
    if process.returncode:
        figures["error"] = f"code {process.returncode}: {' | '.join(lines[-8:])}"[-1500:]
    return figures | {"seconds": seconds}


if __name__ == "__main__":
    main()
