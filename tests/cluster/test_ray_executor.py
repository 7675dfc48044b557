"""What Ray alone can do: workers that keep their imports, and that end with the run."""

from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from harness.cost.resources import Resources
from harness.execution.events import Lost, Started
from harness.execution.executors.base import Executor, StepEvent
from harness.execution.executors.ray_connection import NoRayError
from harness.store.store import Store
from tests.cluster.drive import Experiment, drive, executor
from tests.cluster.processes import wait_until
from tests.cluster.ray_cluster import RayCluster

pytestmark = pytest.mark.cluster


def test_a_worker_keeps_its_imports_for_the_next_step(tmp_path: Path, ray: RayCluster) -> None:
    made = Experiment(tmp_path, "steps: 10")
    with closing(executor(ray.profile(), made.whole, made.data)) as run:
        driven = drive(run, made.requests)
    assert len({start.pid for one in made.requests for start in driven.starts(one)}) == 1


def test_an_autoscaler_sees_all_that_waits(ray: RayCluster, experiment: Experiment, tmp_path: Path) -> None:
    from ray.autoscaler.v2.sdk import get_cluster_status

    with closing(executor(ray.profile(), Store(tmp_path / "store"), experiment.data)) as run:
        wanted = [*4 * [Resources()], Resources(nodes=2, processes=4)]
        for number, resources in enumerate(wanted):
            update = {"attempt": f"test/{number}", "resources": resources}
            run.submit(experiment.first.model_copy(update=update))

        def demand() -> tuple[int, list[tuple[dict[str, float], int]]]:
            run.events(0.5)
            told = get_cluster_status(ray.address).resource_demands
            actors = [one for actor in told.ray_task_actor_demand for one in actor.bundles_by_count]
            groups = [one for group in told.placement_group_demand for one in group.bundles_by_count]
            single = sum(one.count for one in actors if one.bundle == {"CPU": 1.0})
            return single, [(one.bundle, one.count) for one in groups]

        # The cluster has two cores.
        wait_until(lambda: demand() == (2, [({"CPU": 2.0}, 2)]), 30, "the demand of the steps that wait")


def test_a_run_leaves_no_worker_on_a_cluster(ray: RayCluster, experiment: Experiment, tmp_path: Path) -> None:
    run = executor(ray.profile(), Store(tmp_path / "store"), experiment.data)
    begin(run, experiment)
    assert ray.workers()
    run.close()
    wait_until(lambda: not ray.workers(), 20, "the end of the run's workers")


def test_a_run_leaves_nothing_of_its_own_cluster(
    ray: RayCluster, experiment: Experiment, tmp_path: Path
) -> None:
    def processes() -> set[int]:
        return {one.pid for one in psutil.Process().children(recursive=True)}

    before = processes()
    own = ray.profile(address="local", node_ip_address=None)
    run = executor(own, Store(tmp_path / "store"), experiment.data)
    begin(run, experiment)
    assert len(processes() - before) > 2
    run.close()
    wait_until(lambda: not [pid for pid in processes() - before if is_alive(pid)], 20, "the end of Ray")


def test_steps_whose_workers_never_start_are_lost_with_the_reason(
    ray: RayCluster, experiment: Experiment, tmp_path: Path
) -> None:
    nowhere = {"conda": "no-such-environment"}
    told = list[StepEvent]()
    with closing(
        executor(ray.profile(runtime_env=nowhere), Store(tmp_path / "store"), experiment.data)
    ) as run:
        run.submit(experiment.first)
        wait_until(lambda: told.extend(run.events(1.0)) or bool(told), 150, "the end of the step")
    (only,) = told
    assert isinstance(only.event, Lost) and "no worker started" in only.event.reason


def begin(run: Executor, experiment: Experiment) -> None:
    run.submit(experiment.first)
    while not any(isinstance(told.event, Started) for told in run.events(1.0)):
        pass


def is_alive(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


def test_an_address_without_a_cluster_is_refused(tmp_path: Path, ray: RayCluster) -> None:
    with pytest.raises(NoRayError, match="ray start --head"):
        executor(ray.profile(address="127.0.0.9:1"), Store(tmp_path / "store"), tmp_path)
