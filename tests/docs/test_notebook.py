"""The notebook runs from its first to its last cell, and finds what the page has."""

import contextlib
import io
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_notebook_repeats_the_headline_analysis(monkeypatch):
    monkeypatch.chdir(ROOT / "docs" / "notebooks")
    cells = json.loads((ROOT / "docs" / "notebooks" / "analyse.ipynb").read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names: dict = {}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        for source in sources:
            exec(compile(source, "analyse.ipynb", "exec"), names)
    assert "answers give all" in said.getvalue() and "points" in said.getvalue()
    effects = {(one.first, one.second): one.effect.difference for one in names["statistics"].comparisons}
    assert effects
    for better, other, difference, low, high in names["lines"]:
        published = effects.get((better, other), -effects.get((other, better), 0.0))
        assert abs(difference - published) < 1e-6
        assert low <= difference <= high
