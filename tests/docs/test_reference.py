"""The generated pages of docs/reference say what the models and the command line say."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def script(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES: dict[str, str] = script(DOCS / "write_reference.py").pages()


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_page_is_up_to_date(page: str) -> None:
    written = (DOCS / "reference" / page).read_text(encoding="utf-8")
    assert written == PAGES[page], "write it anew: make reference"


def test_no_key_is_left_without_its_meaning() -> None:
    for page, text in PAGES.items():
        keys = [line for line in text.splitlines() if line.startswith("| `") and page != "deepspeed.md"]
        silent = [line for line in keys if line.rstrip(" |").endswith("| required") or line.endswith("|  |")]
        assert not silent, f"{page}: {silent}"


def test_the_picture_is_the_one_that_its_script_draws() -> None:
    assert (DOCS / "assets" / "flow.svg").read_text() == script(DOCS / "assets" / "draw_flow.py").draw()
