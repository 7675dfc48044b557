"""Whole runs by each executor: the same tables and weights, whatever becomes of nodes and processes."""

import os
import random
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from harness.config.executor_profile import ExecutorProfile
from harness.execution.attempt_journal import attempts_of
from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.cluster.cluster import Cluster
from tests.cluster.processes import kill
from tests.execution.command import FREQUENT_POINTS, results, weights, xstilts
from tests.execution.experiment import make_experiment

pytestmark = pytest.mark.cluster

FAULTS = int(os.environ.get("XSTILTS_TEST_FAULTS", "5"))
"""Faults for each engine."""
SEED = int(os.environ.get("XSTILTS_TEST_SEED", "1"))
SEEDS = int(os.environ.get("XSTILTS_TEST_SEEDS", "4"))
"""Seeds of the plan, six stages each."""
# XSTILTS_TEST_KEEP names a folder in which the undisturbed run is kept, so that seeds can be tried in turn.
STAGES_OF_PLAN = 6 * SEEDS


class Laboratory:
    """An experiment that runs by any executor, each time with a store of its own."""

    def __init__(self, folder: Path, **experiment: str) -> None:
        self.folder = folder
        self.file = make_experiment(folder, **experiment)  # type: ignore[arg-type]
        self._runs: list[subprocess.Popen[str]] = []

    def place(self, name: str) -> Path:
        """A folder for the store and leaderboards of one run, with the same data."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "data").symlink_to(self.folder / "data")
        return folder

    def start(self, place: Path, profile: Path | str, file: Path | None = None) -> "subprocess.Popen[str]":
        variables = FREQUENT_POINTS | {"XSTILTS_CACHE": os.environ["XSTILTS_CACHE"]}
        words = ("--executor", str(profile))
        run = xstilts(place, *words, file=file or self.file, wait=False, variables=variables)
        assert isinstance(run, subprocess.Popen)
        self._runs.append(run)
        return run

    def run(self, name: str, profile: Path | str) -> str:
        """Run to the end; return what is said."""
        out, _ = self.start(self.place(name), profile).communicate()
        return out

    def close(self) -> None:
        """End the runs of tests that were cut off."""
        kill([run.pid for run in self._runs if run.poll() is None])


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """Six stages and three evaluations for each seed, carried out undisturbed in `local`."""
    kept = os.environ.get("XSTILTS_TEST_KEEP")
    made = Laboratory(
        Path(kept) if kept else tmp_path_factory.mktemp("laboratory"),
        seeds=str([*range(SEEDS)]),
        orders="[[rte], [pawsx], [rte, pawsx]]",
        # Long enough for faults to fall into the training.
        settings="steps: 600",
    )
    with closing(made):
        if not (made.folder / "local" / "leaderboards").exists():
            out = made.run("local", "local")
            assert f"{STAGES_OF_PLAN} stages trained" in out, out
        yield made


@pytest.fixture
def profile(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Path]:
    """Writes the profile of an executor, whose cluster it starts."""

    def write(engine: str) -> Path:
        made = ExecutorProfile(executor=engine)
        if engine in ("slurm", "ray"):
            made = request.getfixturevalue(engine).profile()
        path = tmp_path / f"{engine}.yaml"
        path.write_text(yaml.safe_dump(made.model_dump(mode="json", exclude_defaults=True)))
        return path

    return write


@pytest.mark.parametrize("engine", ["inline", "slurm", "ray"])
def test_every_executor_gives_the_same_tables_and_weights(
    laboratory: Laboratory, profile: Callable[[str], Path], engine: str
) -> None:
    out = laboratory.run(engine, profile(engine))
    assert f"{STAGES_OF_PLAN} stages trained" in out, out
    same_as_local(laboratory, engine)


def test_random_faults_change_nothing(
    laboratory: Laboratory, profile: Callable[[str], Path], cluster: Cluster
) -> None:
    """Runs go on until enough faults have happened; each ends like the undisturbed one."""
    drawing, happened, number = random.Random(SEED), list[str](), 0
    while len(happened) < FAULTS:
        name = f"{cluster.executor}-faults-{number}"
        number += 1
        run = laboratory.start(laboratory.place(name), profile(cluster.executor))
        store, seen = laboratory.folder / name / "store", 0
        while run.poll() is None and len(happened) < FAULTS:
            # However slow the machine is, something of what begins between two faults is lost by the second.
            if (done := progress(store)) > seen:
                time.sleep(drawing.uniform(0, 4))
                happened.append(cluster.fault(drawing))
                print(f"{name}: fault {len(happened)}: {happened[-1]}", flush=True)
                seen = max(done, progress(store))
            time.sleep(0.2)
        out, _ = run.communicate()
        assert run.returncode == 0, out
        made = made_by_attempts(store)
        print(f"{name}: {resumed(store)} stages went on from a resume point", flush=True)
        assert set(made.values()) == {1}, f"{made.most_common(3)}\n{out}"
        same_as_local(laboratory, name)
        shutil.rmtree(laboratory.folder / name)


def test_two_runs_through_different_executors_train_no_stage_twice(
    laboratory: Laboratory, profile: Callable[[str], Path]
) -> None:
    # Of each seed the second file has two stages of its own, and shares three of the first one's six.
    files = list[Path]()
    for name, orders in (("first", "[[rte], [pawsx], [rte, pawsx]]"), ("second", "[[rte], [pawsx, rte]]")):
        text = re.sub("orders: .*", f"orders: {orders}", laboratory.file.read_text())
        text = re.sub("seeds: .*", "seeds: [0]", text).replace("name: tiny-orders", f"name: {name}")
        files.append(laboratory.folder / f"{name}.yaml")
        files[-1].write_text(text)
    folder, trained = laboratory.place("shared"), list[int]()
    engines = (profile("slurm"), "local")
    for run in [laboratory.start(folder, *both) for both in zip(engines, files, strict=True)]:
        out, _ = run.communicate()
        assert run.returncode == 0, out
        (count,) = re.findall(r"(\d+) stages trained", out)
        trained.append(int(count))
    made = made_by_attempts(folder / "store")
    assert set(made.values()) == {1}, made.most_common(3)
    found, undisturbed = weights(folder), weights(laboratory.folder / "local")
    assert len(found) == sum(trained) == 8 and all(trained), trained
    shared = found.keys() & undisturbed.keys()
    assert len(shared) == 6 and all(found[digest] == undisturbed[digest] for digest in shared)


def same_as_local(laboratory: Laboratory, name: str) -> None:
    ours, undisturbed = laboratory.folder / name, laboratory.folder / "local"
    assert weights(ours) == weights(undisturbed)
    assert results(ours) == results(undisturbed)
    assert len([*Store(ours / "store").all(STAGES)]) == STAGES_OF_PLAN


def made_by_attempts(store: Path) -> Counter[str]:
    """Digest -> how many attempts made its entry."""
    records = [record for folder in store.glob("runs/*") for record in attempts_of(folder).values()]
    return Counter(record.digest for record in records if record.made_entry)


def progress(store: Path) -> int:
    """How often a step of a run on a cluster has told how far it is."""
    files = store.glob("runs/*/steps/*/events.jsonl")
    return sum(file.read_bytes().count(b'"kind":"progress"') for file in files)


def resumed(store: Path) -> int:
    return sum(stage.result.resumed_from_step > 0 for stage in Store(store).all(STAGES))
