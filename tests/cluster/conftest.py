import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from harness.config.executor_profile import LOCAL
from tests.cluster import ray_cluster, slurm_cluster
from tests.cluster.cluster import Cluster
from tests.cluster.drive import Experiment, drive, executor
from tests.cluster.processes import processes_with, wait_until
from tests.cluster.ray_cluster import RayCluster
from tests.cluster.slurm_cluster import SlurmCluster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    if (reason := slurm_cluster.missing()) is not None:
        pytest.skip(f"no Slurm: {reason}")
    made = SlurmCluster(tmp_path_factory.mktemp("slurm"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", str(made.configuration))
        # The sandbox of a continuous integration may itself be a job.
        for name in list(os.environ):
            if name.startswith(("SLURM_", "SBATCH_")) and name != "SLURM_CONF":
                patch.delenv(name)
        with _started(made):
            yield made


@pytest.fixture(scope="session")
def ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    if (reason := ray_cluster.missing()) is not None:
        pytest.skip(f"no Ray: {reason}")
    made = RayCluster(tmp_path_factory.mktemp("ray"))
    with _started(made):
        yield made


@contextmanager
def _started(cluster: Cluster) -> Iterator[None]:
    try:
        cluster.start()
        yield
    finally:
        cluster.stop()
        wait_until(lambda: not processes_with(str(cluster.folder)), 20, "the end of its processes")


@pytest.fixture(scope="session", params=["slurm", "ray"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Each of the two in turn."""
    made: Cluster = request.getfixturevalue(request.param)
    return made


@pytest.fixture(scope="session", autouse=True)
def _environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache folder of the tests' own, which processes on all nodes share, and this checkout."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSTILTS_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("OMP_NUM_THREADS", "1")
        # A cluster that Ray starts itself leaves a token in the user's home, which later ones demand.
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("PYTHONPATH", str(ROOT))
        yield


@pytest.fixture(scope="session")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """Stages of some seconds, the first of them carried out undisturbed in `whole` by a local worker."""
    made = Experiment(tmp_path_factory.mktemp("experiment"), "steps: 2000")
    with closing(executor(LOCAL, made.whole, made.data)) as undisturbed:
        drive(undisturbed, [made.first])
    return made
