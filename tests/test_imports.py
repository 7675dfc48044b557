import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness

PACKAGE = Path(harness.__file__).parent
# Each may import itself and those before it; `errors` and `resources` stand at the same place.
ORDER = [
    "errors",
    "message_text",
    "named_path",
    "resources",
    "whole_file",
    "frozen_model",
    "registry",
    "metrics",
    "embedded",
    "config",
    "plan",
    "data",
    "models",
    "training",
    "store",
    "cost",
    "evaluation",
    "leaderboard",
    "execution",
    "cli",
]
HEAVY = {
    "torch",
    "transformers",
    "deepspeed",
    "lm_eval",
    "datasets",
    "pandas",
    "numpy",
    "pyarrow",
    "scipy",
    "sklearn",
}
FILES = sorted(PACKAGE.rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ((node.lineno, name) for name in names)


def rank(package: str) -> int:
    return max(ORDER.index(package), ORDER.index("resources"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_package_imports_only_what_stands_before_it(file: Path) -> None:
    own = file.relative_to(PACKAGE).with_suffix("").parts[0]
    if own == "__init__":
        return
    wrong = [
        f"line {line}: {name}"
        for line, name in imported(ast.parse(file.read_text()))
        if name.startswith("harness.")
        and name.split(".")[1] in ORDER
        and rank(name.split(".")[1]) > rank(own)
    ]
    assert not wrong


def test_every_part_of_the_package_has_its_place_in_the_order() -> None:
    parts = {
        path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert parts - {"__init__"} == set(ORDER)


def test_the_command_line_starts_without_heavy_imports() -> None:
    """Import what `--help`, `validate`, `plan` and `list` need, and look at what came with it."""
    modules = [
        ".".join(("harness", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        for file in FILES
        if file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        in ("errors", "resources", "config", "plan", "cli")
    ]
    program = f"import sys\nfor name in {modules!r}: __import__(name)\nprint(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert {name.split(".")[0] for name in loaded.split()} & HEAVY == set()
