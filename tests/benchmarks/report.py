import os
import platform
import statistics
import time
from collections.abc import Callable

import harness


def measured(name: str, work: Callable[[], object], repeats: int = 5) -> None:
    """Time a piece of work and print the median and range of its repeats in seconds."""
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    middle, low, high = statistics.median(seconds), min(seconds), max(seconds)
    print(f"{name:58} {middle:8.3f} s   ({low:.3f} to {high:.3f}, {repeats} times)", flush=True)


def heading() -> None:
    """Print what the numbers were measured on."""
    print(
        f"xstilts {harness.__version__}, Python {platform.python_version()}, {platform.machine()}, "
        f"{os.cpu_count()} processors. Median seconds:"
    )
