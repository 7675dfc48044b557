import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No example database in the checkout, and no deadline: the machine may be busy. What must pass before a
# change lands tries the same few examples each time; `make test-slow` takes "deep" and looks for new ones.
COMMON = {"database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("fast", max_examples=25, derandomize=True, **COMMON)
settings.register_profile("deep", max_examples=400, **COMMON)
settings.load_profile("fast")

# No test may wait for a network; the hub's code is tested on folders and on caches that the tests make.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test process whole files, and one of them all files that use the stages of `one_process`."""
    for item in items:
        shared = "one_process" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("one_process" if shared else item.nodeid.split("::")[0]))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    named = os.environ.get("XSTILTS_TEST_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real data not available: {folder} (set XSTILTS_TEST_DATA)")
    return folder


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's data folder and own tasks out of the tests."""
    monkeypatch.delenv("XSTILTS_DATA", raising=False)
    monkeypatch.setenv("XSTILTS_HOME", str(tmp_path_factory.getbasetemp() / "xstilts-home"))
