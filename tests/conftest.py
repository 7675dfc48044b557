import os
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

# No example database in the checkout, and no deadline: the machine may be busy.
settings.register_profile("xstilts", database=None, deadline=None)
settings.register_profile("xstilts-repeatable", database=None, deadline=None, derandomize=True)
settings.load_profile("xstilts")

# No test may wait for a network; the hub's code is tested on folders and on caches that the tests make.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure(config: pytest.Config) -> None:
    # What must pass before a change lands tries the same examples each time; slow tests look for new ones.
    if config.getoption("markexpr", "") == "not slow":
        settings.load_profile("xstilts-repeatable")
        # hypothesis mixes in constants of whatever modules the process has imported by then, so that examples
        # would change with the split of tests among workers (no setting turns this off in 6.170).
        providers._get_local_constants = providers.Constants


@pytest.fixture(scope="session")
def shared_data() -> Path:
    named = os.environ.get("XSTILTS_TEST_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real data not at hand: {folder} (set XSTILTS_TEST_DATA)")
    return folder


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's data folder and own tasks out of the tests."""
    monkeypatch.delenv("XSTILTS_DATA", raising=False)
    monkeypatch.setenv("XSTILTS_HOME", str(tmp_path_factory.getbasetemp() / "xstilts-home"))
