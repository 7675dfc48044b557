"""`--help`, `validate`, `plan`, `list` and `schema` start fast because they import nothing heavy."""

import subprocess
import sys

import pytest

HEAVY = {
    "torch",
    "transformers",
    "deepspeed",
    "lm_eval",
    "datasets",
    "pandas",
    "numpy",
    "scipy",
    "pyarrow",
    "safetensors",
}
PROGRAM = """
import sys
from harness.cli.main import main
sys.argv = ["xstilts", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("MODULES", *sys.modules)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["validate", "quickstart", "nli-order"],
        ["plan", "quickstart"],
        ["list", "sequences"],
        ["list", "tasks"],
        ["schema"],
        ["run", "--help"],
    ],
    ids=" ".join,
)
def test_a_command_that_computes_nothing_imports_nothing_heavy(arguments: list[str]) -> None:
    program = PROGRAM.format(arguments=arguments)
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    modules = output.rsplit("MODULES", 1)[1].split()
    assert "harness.cli.main" in modules
    assert {module.split(".")[0] for module in modules} & HEAVY == set()
