"""An executor from a distribution of its own, of which nothing in `harness/` knows, runs the quickstart."""

from pathlib import Path

import pytest

from harness.config.catalogue import find_sequence
from harness.config.load import load_sequences
from tests.end_to_end.miniature import make_miniature
from tests.execution.command import weights
from tests.extensions.installed import install, xstilts

PROFILE = "executor: pool\ntitle: Two steps at a time\nsettings: {threads: 2}\n"


@pytest.mark.slow
def test_an_installed_executor_makes_the_same_weights_and_tables(tmp_path: Path) -> None:
    installed = install("pool", tmp_path / "installed")
    (tmp_path / "mini").mkdir()
    (loaded,) = load_sequences([find_sequence("quickstart")])
    file = make_miniature(loaded, tmp_path / "mini")
    profiles = tmp_path / "home" / "executors"
    profiles.mkdir(parents=True)
    (profiles / "two.yaml").write_text(PROFILE)

    assert "Two steps at a time" in xstilts(installed, tmp_path, "list", "executors")
    assert "two: ok (executor profile, pool)" in xstilts(installed, tmp_path, "validate", "two")
    said = xstilts(None, tmp_path, "validate", str(profiles / "two.yaml"), code=2)
    assert "there is no such executor (found: 'pool')" in said

    found = {}
    for name in ("two", "inline"):
        words = (
            "--data-dir",
            str(tmp_path / "mini" / "data"),
            "--leaderboards",
            str(tmp_path / name / "boards"),
        )
        store = ("--store", str(tmp_path / name / "store"))
        said = xstilts(installed, tmp_path, "run", str(file), *words, *store, "--executor", name)
        assert "7 stages trained" in said and "4 evaluations" in said, said
        # That of the seeds tells how long each stage took.
        boards = (path for path in (tmp_path / name / "boards").glob("*.csv") if ".seeds" not in path.name)
        tables = {path.name: path.read_bytes() for path in boards}
        found[name] = weights(tmp_path / name), tables
    assert found["two"] == found["inline"] and all(found["two"])
