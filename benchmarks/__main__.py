"""`make bench`: measure what the project promises to be fast at, against what users run today.

Without names it takes what docs/reference/speed.md tells, some twenty minutes on two idle cores; the others
take up to hours and are run by name.
"""

import argparse
from pathlib import Path

from benchmarks import (
    data_path,
    evaluation,
    evaluation_rivals,
    fixed_costs,
    growth,
    learning,
    loss_curve,
    machines,
    memory,
    shared_storage,
    soak,
    startup,
    sweep,
    torch_compile,
    training_rivals,
)
from benchmarks.report import Report

BENCHMARKS = {
    "startup": startup.run,
    "fixed-costs": fixed_costs.run,
    "growth": growth.run,
    "data-path": data_path.run,
    "evaluation": evaluation.run,
    "training-rivals": training_rivals.run,
    "evaluation-rivals": evaluation_rivals.run,
    "memory": memory.run,
    "shared-storage": shared_storage.run,
    "soak": soak.run,
    "machines": machines.run,
    "sweep": sweep.run,
    "learning": learning.run,
    "loss-curve": loss_curve.run,
    "torch-compile": torch_compile.run,
}

TOLD = ("startup", "fixed-costs", "training-rivals", "evaluation-rivals", "sweep")
"""What docs/reference/speed.md tells."""

parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
which = f"which: {', '.join(BENCHMARKS)}; default: {' '.join(TOLD)}"
parser.add_argument("names", nargs="*", metavar="NAME", help=which)
parser.add_argument("--repeats", type=int, default=3, help="rounds of each comparison (default 3)")
parser.add_argument("--output", type=Path, default=Path(".xstilts/benchmarks.json"))
arguments = parser.parse_args()
if unknown := sorted(set(arguments.names) - BENCHMARKS.keys()):
    parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
report = Report(arguments.output)
for name in arguments.names or TOLD:
    print(f"\n{name}", flush=True)
    BENCHMARKS[name](report, arguments.repeats)
print(f"\n{arguments.output}")
