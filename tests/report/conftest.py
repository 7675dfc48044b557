from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True, scope="session")
def notes_of_pictures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep what is noted of drawn pictures out of the cache of whoever runs the tests."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.report.pictures.kept.cache_folder", lambda: folder)
        yield folder / "pictures"
