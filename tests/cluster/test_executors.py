"""Steps on a real cluster of two nodes, of Slurm and of Ray."""

from contextlib import closing
from pathlib import Path

import pytest

from harness.config.executor_profile import LOCAL
from harness.cost.resources import Resources
from harness.execution.events import Finished, Interrupted
from harness.execution.executors.base import Handle
from harness.store.store import Store
from tests.cluster.cluster import Cluster
from tests.cluster.drive import Driven, Experiment, drive, executor, largest_difference, stage, weights

pytestmark = pytest.mark.cluster


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_stage_whose_node_is_lost_goes_on_elsewhere_from_its_resume_point(
    cluster: Cluster, experiment: Experiment, store: Store
) -> None:
    # Two stages, so that both nodes are at work.
    stages, lost = [experiment.first, experiment.twin()], list[str]()

    def lose_a_node(driven: Driven) -> None:
        if not lost and all(driven.is_training(one) for one in stages):
            lost.append(cluster.may_be_lost[-1])
            cluster.lose_node(lost[0])

    try:
        with closing(executor(cluster.profile(), store, experiment.data)) as run:
            driven = drive(run, stages, during=lose_a_node)
    finally:
        for node in lost:
            cluster.restore_node(node)
    assert sorted(len(driven.starts(one)) for one in stages) == [1, 2]
    (moved,) = (one for one in stages if len(driven.starts(one)) == 2)
    assert stage(store, moved).result.resumed_from_step > 0
    assert all(weights(store, one) == weights(experiment.whole, experiment.first) for one in stages)


def test_a_cancelled_step_saves_what_it_has(cluster: Cluster, experiment: Experiment, store: Store) -> None:
    cancelled = list[Handle]()

    with closing(executor(cluster.profile(), store, experiment.data)) as run:

        def cancel(driven: Driven) -> None:
            if not cancelled and driven.is_training(experiment.first):
                cancelled.append(driven.handles[experiment.first.label])
                run.cancel(cancelled[0])

        driven = drive(run, [experiment.first], during=cancel)
    first, *_, last = driven.outcomes(experiment.first)
    assert isinstance(first, Interrupted) and first.saved is not None and first.saved >= 500
    assert isinstance(last, Finished)
    assert stage(store, experiment.first).result.resumed_from_step == first.saved
    assert weights(store, experiment.first) == weights(experiment.whole, experiment.first)


@pytest.fixture(scope="module", params=["zero2", "zero3"])
def by_one_process(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    made = Experiment(tmp_path_factory.mktemp(request.param), "steps: 40\n  dropout: 0.0", request.param)
    with closing(executor(LOCAL, made.whole, made.data)) as run:
        drive(run, [made.first])
    return made


def test_a_stage_over_two_nodes_learns_what_one_process_does(
    cluster: Cluster, by_one_process: Experiment, store: Store
) -> None:
    stages = [by_one_process.first]
    with closing(executor(cluster.profile(), store, by_one_process.data)) as run:
        drive(run, stages, resources=Resources(nodes=2, processes=2))
    assert stage(store, stages[0]).result.world_size == 2
    assert stage(by_one_process.whole, stages[0]).result.world_size == 1
    assert largest_difference(by_one_process.whole, store, stages[0]) <= 1e-5
