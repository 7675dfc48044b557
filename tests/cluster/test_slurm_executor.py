"""What Slurm alone does: jobs that outlive their run, and time limits."""

from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from harness.cost.resources import Resources
from harness.execution.events import Finished, Queued
from harness.store.store import Store
from tests.cluster.drive import Experiment, drive, executor, stage, weights
from tests.cluster.processes import wait_until
from tests.cluster.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.cluster


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture(autouse=True)
def _no_jobs(slurm: SlurmCluster) -> None:
    """Other tests' jobs have left the queue."""
    wait_until(lambda: not slurm.jobs(), 60, "the end of other tests' jobs")


def test_a_run_that_is_interrupted_leaves_its_jobs_to_the_next(
    slurm: SlurmCluster, experiment: Experiment, store: Store
) -> None:
    first_run = executor(slurm.profile(), store, experiment.data)
    first_run.submit(experiment.first)
    assert first_run.events(1.0)
    first_run.close()
    (job,) = slurm.jobs()

    again = experiment.first.model_copy(update={"attempt": "test/another"})
    with closing(executor(slurm.profile(), store, experiment.data, "run-2")) as run:
        assert run.adopts(again.step.digest)
        driven = drive(run, [again])
    handle, heard = driven.handles[again.label], driven.heard[again.label]
    assert handle.name == f"job {job} of an earlier run"
    # Its log is named, and lies among those of the second run, too.
    assert isinstance(heard[0], Queued) and f"{handle.log}" in heard[0].text
    assert (store.layout.runs / "run-2" / "steps" / "test-another" / "log").samefile(str(handle.log))
    assert isinstance(heard[-1], Finished)
    assert not list(store.layout.runs.glob("run-2/slurm/*"))


def test_a_run_that_is_told_to_cancels_its_jobs(
    slurm: SlurmCluster, experiment: Experiment, store: Store
) -> None:
    run = executor(slurm.profile(on_interrupt="cancel"), store, experiment.data)
    run.submit(experiment.first)
    run.events(1.0)
    assert slurm.jobs()
    run.close()
    wait_until(lambda: not slurm.jobs(), 60, "no job")


def test_a_time_limit_of_a_minute_requeues_a_stage_of_three_to_the_same_weights(
    slurm: SlurmCluster, experiment: Experiment, tmp_path: Path, store: Store
) -> None:
    known = stage(experiment.whole, experiment.first).result
    made = Experiment(tmp_path, f"steps: {round(known.steps * 180 / known.seconds)}")

    def undisturbed() -> None:
        with closing(executor(slurm.profile(), made.whole, made.data)) as run:
            drive(run, [made.first])

    # Side by side: each has a node, and a core.
    beside = Thread(target=undisturbed, daemon=True)
    beside.start()
    with closing(executor(slurm.profile(), store, made.data)) as run:
        driven = drive(run, [made.first], resources=Resources(time_limit=60))
    beside.join()
    assert len(driven.starts(made.first)) >= 3
    assert [type(one) for one in driven.outcomes(made.first)] == [Finished]
    assert weights(store, made.first) == weights(made.whole, made.first)
