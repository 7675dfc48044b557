from pathlib import Path

import pytest

from . import models


@pytest.fixture(scope="session")
def xtreme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with every language of XNLI and PAWS-X."""
    folder = tmp_path_factory.mktemp("data")
    models.write_xtreme(folder)
    return folder


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT with the labels of XNLI in another order and in capitals."""
    folder = tmp_path_factory.mktemp("classifier")
    return models.make_classifier(folder, ("neutral", "CONTRADICTION", "Entailment"))
