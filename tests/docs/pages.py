"""The code blocks of README, CONTRIBUTING and docs/, and a folder to carry them out in as a reader would."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]*)\")?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SNIPPET = re.compile(r'^--8<-- "([^"]+)"$', re.MULTILINE)
OTHER_KEYS = ", other keys"
PART = ", a part"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that its title names, and its text with snippets put in."""

    language: str
    title: str
    text: str

    @property
    def commands(self) -> list[str]:
        """The command lines of a block of shell."""
        lines = (line.split("  #")[0].strip() for line in self.text.splitlines())
        return [line for line in lines if line] if self.language == "sh" else []


def page_names() -> list[str]:
    """Return README, CONTRIBUTING and every page of docs/, as seen from the project's folder."""
    pages = (ROOT / "docs").rglob("*.md")
    return ["README.md", "CONTRIBUTING.md", *sorted(str(page.relative_to(ROOT)) for page in pages)]


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page in their order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert text.count("\n```") == 2 * len(_BLOCK.findall(text)), f"{page}: a block has no language"
    assert text.count("--8<--") == len(_SNIPPET.findall(text)) and "--8 <" not in text, page
    return [
        Block(language, title, _SNIPPET.sub(lambda found: (ROOT / found[1]).read_text().strip(), body))
        for language, title, body in _BLOCK.findall(text)
    ]


def commands(page: str) -> Iterator[str]:
    """Yield the command lines of a page."""
    for block in blocks(page):
        yield from block.commands


def write_block(block: Block, folder: Path) -> Path:
    """Write the file that a block's title names; keys that it adds to a YAML file replace those there.

    Keys that only show what else can be said go into a file of their own beside the first.
    """
    path = folder / block.title.removesuffix(OTHER_KEYS)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not block.title.endswith(OTHER_KEYS):
        path.write_text(block.text, encoding="utf-8")
        return path
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) | yaml.safe_load(block.text)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def carry_out(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, with this project's modules and what was installed into `installed/`."""
    variables = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(folder / "installed"))),
        "XSTILTS_CACHE": str(folder / "cache"),
        "XSTILTS_HOME": str(folder / "home"),
    }
    if words[0] == "pip":
        offline = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder / "installed")]
        words = ["-m", *words[:2], *offline, *words[2:]]
    elif words[0] == "xstilts":
        words = ["-m", "harness.cli.main", *words[1:]]
    else:
        words = words[1:]
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done
