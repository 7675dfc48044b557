"""Steps on a real Ray cluster of two nodes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cost.resources import Resources
from harness.execution.events import Finished, Interrupted, Started
from harness.execution.executors.ray import RayExecutor
from harness.execution.executors.ray_connection import NoRayError, RaySettings
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
from tests.cluster.processes import processes_with
from tests.cluster.ray_cluster import HEAD, SECOND, RayCluster

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def settings(ray_nodes: RayCluster) -> RaySettings:
    return RaySettings(address=ray_nodes.address, node_ip_address=HEAD)


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory, cache: Path, settings: RaySettings) -> Experiment:
    """Carried out by Ray, undisturbed."""
    made = Experiment(tmp_path_factory.mktemp("experiment"), "steps: 2000")
    run = executor(made.whole, made.data, settings)
    try:
        driven = drive(run, made.requests)
    finally:
        run.close()
    assert all(isinstance(driven.heard[one.label][-1], Finished) for one in made.requests)
    # The second stage and the evaluation found their imports made.
    started = [event.pid for heard in driven.heard.values() for event in heard if isinstance(event, Started)]
    assert len(started) == 3 and len({*started}) < 3
    return made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def run(store: Store, experiment: Experiment, settings: RaySettings) -> Iterator[RayExecutor]:
    made = executor(store, experiment.data, settings)
    yield made
    made.close()


def executor(store: Store, data: Path, settings: RaySettings) -> RayExecutor:
    return RayExecutor(settings, context(store, data))


def test_a_stage_whose_node_is_lost_goes_on_elsewhere_from_its_resume_point(
    experiment: Experiment, store: Store, ray_nodes: RayCluster, run: RayExecutor
) -> None:
    lost = []

    def lose_the_second_node(driven: Driven) -> None:
        if not lost and is_training(driven, first, 500) and is_training(driven, other, 500):
            lost.append(SECOND)
            ray_nodes.lose_node(SECOND)

    # Two stages, so that both nodes are at work.
    first = experiment.first
    step = first.step.model_copy(update={"digest": "0" * 32})
    other = first.model_copy(update={"attempt": "test/other", "label": "other", "step": step})
    try:
        driven = drive(run, [first, other], during=lose_the_second_node)
    finally:
        ray_nodes.add_node(SECOND)
    starts = {
        label: sum(isinstance(event, Started) for event in heard) for label, heard in driven.heard.items()
    }
    assert sorted(starts.values()) == [1, 2]
    (moved,) = (one for one in (first, other) if starts[one.label] == 2)
    assert stage(store, moved).result.resumed_from_step > 0
    whole = weights(experiment.whole)[first.step.digest]
    assert [*weights(store).values()] == [whole, whole]


def test_a_cancelled_step_saves_what_it_has(experiment: Experiment, store: Store, run: RayExecutor) -> None:
    cancelled = []

    def cancel(driven: Driven) -> None:
        if not cancelled and is_training(driven, experiment.first, 500):
            cancelled.append(driven.handles[experiment.first.label])
            run.cancel(cancelled[0])

    driven = drive(run, [experiment.first], during=cancel)
    first, *_, last = driven.outcomes(experiment.first.label)
    assert isinstance(first, Interrupted) and first.saved is not None and first.saved >= 500
    assert isinstance(last, Finished)
    assert stage(store, experiment.first).result.resumed_from_step == first.saved
    assert weights(store).items() <= weights(experiment.whole).items()


@pytest.mark.parametrize("level", ["zero2", "zero3"])
def test_a_stage_over_two_nodes_learns_what_one_node_does(
    tmp_path: Path, cache: Path, settings: RaySettings, level: str
) -> None:
    made = Experiment(tmp_path, "steps: 40\n  dropout: 0.0", level)
    two_nodes = Store(tmp_path / "two")
    for store, resources in ((made.whole, Resources()), (two_nodes, Resources(nodes=2, processes=2))):
        run = executor(store, made.data, settings)
        try:
            drive(run, made.requests[:1], resources=resources)
        finally:
            run.close()
    assert stage(two_nodes, made.first).result.world_size == 2
    assert stage(made.whole, made.first).result.world_size == 1
    assert largest_difference(made.whole, two_nodes, made.first) <= 1e-5


def test_a_run_leaves_no_process_behind(
    experiment: Experiment, store: Store, ray_nodes: RayCluster, settings: RaySettings
) -> None:
    run = executor(store, experiment.data, settings)
    run.submit(experiment.first)
    while not any(isinstance(told.event, Started) for told in run.events(1.0)):
        pass
    assert processes_with("ray::Worker")
    run.close()
    assert not processes_with("ray::Worker", within=20)


def test_an_address_without_a_cluster_is_refused(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(NoRayError, match="ray start --head"):
        executor(Store(tmp_path / "store"), tmp_path, RaySettings(address="127.0.0.9:1"))
