"""The processor of this machine, by name; without torch, since publishing names it too."""

import platform
from pathlib import Path


def processor() -> str:
    """Return the processor's model name, or its architecture where the system does not tell the model."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
