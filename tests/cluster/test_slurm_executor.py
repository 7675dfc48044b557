"""Steps as jobs of a real Slurm of two nodes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cost.resources import Resources
from harness.execution.events import Finished, Interrupted, Started
from harness.execution.executors.slurm import SlurmExecutor
from harness.execution.executors.slurm_script import SlurmSettings
from harness.store.store import Store
from tests.cluster.drive import (
    Driven,
    Experiment,
    context,
    drive,
    is_training,
    largest_difference,
    stage,
    weights,
)
from tests.cluster.processes import wait_until
from tests.cluster.slurm_cluster import NODES, SlurmCluster

pytestmark = pytest.mark.cluster

SETTINGS = SlurmSettings(partition="cpu", poll_seconds=1, signal_seconds=5)


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory, cache: Path, slurm: SlurmCluster) -> Experiment:
    made = Experiment(tmp_path_factory.mktemp("experiment"), "steps: 2000")
    driven = drive(executor(made.whole, made.data), made.requests)
    assert all(isinstance(driven.heard[one.label][-1], Finished) for one in made.requests)
    return made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    return Store(tmp_path / "store")


def executor(
    store: Store, data: Path, settings: SlurmSettings = SETTINGS, name: str = "run-1"
) -> SlurmExecutor:
    return SlurmExecutor(settings, context(store, data, name))


def test_a_stage_whose_node_is_lost_goes_on_elsewhere_from_its_resume_point(
    experiment: Experiment, store: Store, slurm: SlurmCluster
) -> None:
    lost: list[str] = []

    def lose_its_node(driven: Driven) -> None:
        if not lost and is_training(driven, experiment.first, 500):
            lost.extend(node for node in NODES if slurm.jobs_of(node))
            slurm.lose_node(lost[0])

    try:
        driven = drive(executor(store, experiment.data), [experiment.first], during=lose_its_node)
    finally:
        slurm.restore_node(lost[0])
    heard = driven.heard[experiment.first.label]
    assert len([event for event in heard if isinstance(event, Started)]) == 2
    assert stage(store, experiment.first).result.resumed_from_step > 0
    assert weights(store).items() <= weights(experiment.whole).items()


def test_a_cancelled_step_saves_what_it_has(experiment: Experiment, store: Store) -> None:
    slurm, cancelled = executor(store, experiment.data), []

    def cancel(driven: Driven) -> None:
        if not cancelled and is_training(driven, experiment.first, 500):
            cancelled.append(driven.handles[experiment.first.label])
            slurm.cancel(cancelled[0])

    driven = drive(slurm, [experiment.first], during=cancel)
    first, *_, last = driven.outcomes(experiment.first.label)
    assert isinstance(first, Interrupted) and first.saved is not None and first.saved >= 500
    assert isinstance(last, Finished)
    assert stage(store, experiment.first).result.resumed_from_step == first.saved
    assert weights(store).items() <= weights(experiment.whole).items()


def test_a_run_that_is_interrupted_leaves_its_jobs_to_the_next(
    experiment: Experiment, store: Store, slurm: SlurmCluster
) -> None:
    wait_until(lambda: not slurm.command("squeue", "--noheader"), 60, "the end of other tests' jobs")
    first_run = executor(store, experiment.data)
    first_run.submit(experiment.first)
    assert first_run.events(1.0)
    first_run.close()
    jobs = slurm.command("squeue", "--noheader", "--array", "--states=PD,R", "--format=%i").split()
    assert len(jobs) == 1

    again = experiment.first.model_copy(update={"attempt": "test/another"})
    driven = drive(executor(store, experiment.data, name="run-2"), [again])
    assert driven.handles[again.label].name == f"job {jobs[0]} of an earlier run"
    assert isinstance(driven.heard[again.label][-1], Finished)
    assert not list(store.layout.runs.glob("run-2/slurm/*"))


def test_a_run_that_is_told_to_cancels_its_jobs(
    experiment: Experiment, store: Store, slurm: SlurmCluster
) -> None:
    run = executor(store, experiment.data, SETTINGS.model_copy(update={"on_interrupt": "cancel"}))
    run.submit(experiment.first)
    run.events(1.0)
    run.close()
    wait_until(lambda: not slurm.command("squeue", "--noheader"), 60, "no job")


@pytest.mark.parametrize("level", ["zero2", "zero3"])
def test_a_stage_over_two_nodes_learns_what_one_node_does(
    tmp_path: Path, cache: Path, slurm: SlurmCluster, level: str
) -> None:
    made = Experiment(tmp_path, "steps: 40\n  dropout: 0.0", level)
    drive(executor(made.whole, made.data), made.requests[:1])
    over_two = Store(tmp_path / "two")
    two = Resources(nodes=2, processes=2)
    drive(executor(over_two, made.data), made.requests[:1], resources=two)
    assert stage(over_two, made.first).result.world_size == 2
    assert stage(made.whole, made.first).result.world_size == 1
    assert largest_difference(made.whole, over_two, made.first) <= 1e-5


def test_a_time_limit_of_a_minute_requeues_a_stage_of_three_to_the_same_weights(
    tmp_path: Path, cache: Path, store: Store, slurm: SlurmCluster
) -> None:
    made = Experiment(tmp_path, "steps: 60000")
    drive(executor(made.whole, made.data), made.requests[:1], seconds=1800)
    seconds = stage(made.whole, made.first).result.seconds
    driven = drive(
        executor(store, made.data), made.requests[:1], resources=Resources(time_limit=60), seconds=1800
    )
    starts = [event for event in driven.heard[made.first.label] if isinstance(event, Started)]
    assert driven.outcomes(made.first.label)[-1:] == driven.outcomes(made.first.label)
    assert seconds > 150 and len(starts) >= 3, seconds
    assert weights(store).items() <= weights(made.whole).items()
