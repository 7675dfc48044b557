"""Whole runs by each executor: the same tables and weights, whatever becomes of nodes and processes."""

import os
import random
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.cluster.processes import kill
from tests.cluster.ray_cluster import HEAD, SECOND, RayCluster
from tests.cluster.slurm_cluster import NODES, SlurmCluster
from tests.execution.command import FREQUENT_POINTS, results, weights, xstilts
from tests.execution.experiment import make_experiment

pytestmark = pytest.mark.cluster

FAULTS = int(os.environ.get("XSTILTS_TEST_FAULTS", "5"))
"""Faults for each engine."""
SEED = int(os.environ.get("XSTILTS_TEST_SEED", "1"))
SEEDS = int(os.environ.get("XSTILTS_TEST_SEEDS", "4"))
"""Seeds of the plan, six stages each."""
STAGES_OF_PLAN = 6 * SEEDS
ENGINES = ("inline", "slurm", "ray")


class Laboratory:
    """An experiment that runs by any executor, each time with a store of its own."""

    def __init__(self, folder: Path, **experiment: str) -> None:
        self.folder = folder
        self.file = make_experiment(folder, **experiment)  # type: ignore[arg-type]

    def place(self, name: str) -> Path:
        """A folder for the store and leaderboards of one run, with the same data."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "data").symlink_to(self.folder / "data")
        return folder

    def start(self, name: str, profile: Path | str, *words: str) -> "subprocess.Popen[str]":
        variables = FREQUENT_POINTS | {"XSTILTS_CACHE": os.environ["XSTILTS_CACHE"]}
        run = xstilts(
            self.place(name),
            "--executor",
            str(profile),
            *words,
            file=self.file,
            wait=False,
            variables=variables,
        )
        assert isinstance(run, subprocess.Popen)
        return run


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Laboratory:
    """Six stages and three evaluations for each seed, carried out undisturbed in `local`."""
    made = Laboratory(
        tmp_path_factory.mktemp("laboratory"),
        seeds=str([*range(SEEDS)]),
        orders="[[rte], [pawsx], [rte, pawsx]]",
    )
    out, _ = made.start("local", "local").communicate()
    assert f"{STAGES_OF_PLAN} stages trained" in out, out
    return made


@pytest.fixture
def profile(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Path]:
    def write(engine: str) -> Path:
        content: dict[str, object] = {"executor": engine}
        if engine == "slurm":
            request.getfixturevalue("slurm")
            settings = {"partition": "cpu", "poll_seconds": 1, "signal_seconds": 5}
            content |= {"settings": settings, "resources": {"threads": 1, "memory_gb": 1}}
        if engine == "ray":
            nodes: RayCluster = request.getfixturevalue("ray_nodes")
            content |= {"settings": {"address": nodes.address, "node_ip_address": HEAD}}
            content |= {"resources": {"threads": 1, "memory_gb": 0.5}}
        path = tmp_path / f"{engine}.yaml"
        path.write_text(yaml.safe_dump(content))
        return path

    return write


@pytest.mark.parametrize("engine", ENGINES)
def test_every_executor_gives_the_same_tables_and_weights(
    laboratory: Laboratory, profile: Callable[[str], Path], engine: str
) -> None:
    out, _ = laboratory.start(engine, profile(engine)).communicate()
    assert f"{STAGES_OF_PLAN} stages trained" in out, out
    same_as_local(laboratory, engine)


def test_random_faults_on_slurm_change_nothing(
    laboratory: Laboratory, profile: Callable[[str], Path], slurm: SlurmCluster
) -> None:
    def fault(drawing: random.Random) -> None:
        node = drawing.choice(NODES)
        if drawing.random() < 0.5:
            slurm.lose_node(node)
            time.sleep(drawing.uniform(0, 5))
            slurm.restore_node(node)
        else:
            kill(slurm.processes_of(node))

    with_faults(laboratory, profile("slurm"), "slurm", fault)


def test_random_faults_on_ray_change_nothing(
    laboratory: Laboratory, profile: Callable[[str], Path], ray_nodes: RayCluster
) -> None:
    def fault(drawing: random.Random) -> None:
        if drawing.random() < 0.5:
            ray_nodes.lose_node(SECOND)
            time.sleep(drawing.uniform(0, 5))
            ray_nodes.add_node(SECOND)
        else:
            workers = ray_nodes.workers()
            kill([drawing.choice(workers)] if workers else [])

    with_faults(laboratory, profile("ray"), "ray", fault)


def test_two_runs_through_different_executors_train_no_stage_twice(
    laboratory: Laboratory, profile: Callable[[str], Path]
) -> None:
    folder = laboratory.place("shared")
    trained = []
    runs = [
        xstilts(folder, "--executor", str(one), file=laboratory.file, wait=False, variables=FREQUENT_POINTS)
        for one in (profile("slurm"), "local")
    ]
    for run in runs:
        assert isinstance(run, subprocess.Popen)
        out, _ = run.communicate()
        (count,) = re.findall(r"(\d+) stages trained", out)
        trained.append(int(count))
    assert sum(trained) == STAGES_OF_PLAN and all(trained)
    assert weights(folder) == weights(laboratory.folder / "local")


def with_faults(
    laboratory: Laboratory, profile: Path, engine: str, fault: Callable[[random.Random], None]
) -> None:
    """Run the plan until enough faults have happened; each run ends like the undisturbed one."""
    drawing, happened, number = random.Random(SEED), 0, 0
    while happened < FAULTS:
        name = f"{engine}-faults-{number}"
        number += 1
        run = laboratory.start(name, profile)
        # Not before anything can be lost.
        pause = 20.0
        while run.poll() is None and happened < FAULTS:
            time.sleep(pause)
            if run.poll() is None:
                fault(drawing)
                happened += 1
                print(f"{name}: fault {happened}")
            pause = drawing.uniform(5, 25)
        out, _ = run.communicate()
        done = Counter(re.findall(r"^  done    \[\d+/\d+\] (.*?): ", out, re.MULTILINE))
        assert set(done.values()) == {1}, f"{done.most_common(3)}\n{out}"
        same_as_local(laboratory, name)
        shutil.rmtree(laboratory.folder / name)


def same_as_local(laboratory: Laboratory, name: str) -> None:
    ours, undisturbed = laboratory.folder / name, laboratory.folder / "local"
    assert weights(ours) == weights(undisturbed)
    assert results(ours) == results(undisturbed)
    assert len([*Store(ours / "store").all(STAGES)]) == STAGES_OF_PLAN
