from pathlib import Path

import pytest

from . import models


@pytest.fixture(autouse=True)
def _one_thread():
    """Tiny models gain nothing from threads, and lose much where other programs run."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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
