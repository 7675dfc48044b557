"""`--help`, `validate`, `plan`, `list` and `schema` start fast because they import nothing heavy."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import harness

PACKAGE = Path(harness.__file__).parent
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


def heavy_libraries() -> set[str]:
    """The list of the contract that `make lint` holds the imports of configuration and plans to."""
    settings = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    return {name for contract in contracts for name in contract.get("forbidden_modules", ())}


def loaded_libraries(program: str) -> set[str]:
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    modules = output.rsplit("MODULES", 1)[1].split()
    assert "harness.cli.main" in modules
    return {module.split(".")[0] for module in modules}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["validate", "quickstart", "nli-order", "local"],
        ["plan", "quickstart"],
        ["list", "sequences"],
        ["list", "tasks"],
        ["list", "executors"],
        ["status"],
        ["list", "models"],
        ["schema"],
        ["run", "--help"],
    ],
    ids=" ".join,
)
def test_a_command_that_computes_nothing_imports_nothing_heavy(arguments: list[str]) -> None:
    assert loaded_libraries(PROGRAM.format(arguments=arguments)) & heavy_libraries() == set()


def test_importing_every_module_of_the_command_line_loads_nothing_heavy() -> None:
    modules = [
        ".".join(("harness", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        for package in ("config", "planning", "cli")
        for file in sorted((PACKAGE / package).rglob("*.py"))
    ]
    program = f"import sys\nfor name in {modules!r}: __import__(name)\nprint('MODULES', *sys.modules)"
    assert loaded_libraries(program) & heavy_libraries() == set()


def test_python_m_harness_is_the_command_where_its_script_is_not_on_the_path() -> None:
    words = [sys.executable, "-m", "harness", "validate", "no-such-sequence"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("xstilts: ") and "no-such-sequence" in done.stderr
