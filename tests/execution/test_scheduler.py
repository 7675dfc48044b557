"""The scheduler by itself: simulated workers and clocks, no files."""

import heapq
import random
import time
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config.catalogue import sequence_files
from harness.config.load import load_sequences
from harness.execution.graph import Node, children, least_seconds
from harness.execution.scheduler import Scheduler, State
from harness.planning.tree import Plan


def tree(steps: int, seed: int) -> list[Node]:
    """Stages that start from an earlier one, some from two, with evaluations that nothing waits for."""
    draw = random.Random(seed)
    nodes: list[Node] = []
    stages: list[str] = []
    for number in range(steps):
        before = draw.sample(stages, min(len(stages), draw.choice((0, 1, 1, 1, 2))))
        nodes.append(Node(str(number), tuple(before), draw.expovariate(1.0)))
        if draw.random() < 0.7:
            stages.append(str(number))
    return nodes


def simulate(
    nodes: Iterable[Node], workers: int, fails: Iterable[str] = (), seed: int = 0
) -> tuple[float, dict[str, tuple[float, float]], list[str], float]:
    """Return the time of the whole, beginning and end of each step, the skipped, the slowest decision."""
    nodes, failing, draw = list(nodes), set(fails), random.Random(seed)
    seconds = {node.key: node.seconds for node in nodes}
    scheduler = Scheduler(nodes)
    now, slowest = 0.0, 0.0
    running: list[tuple[float, str]] = []
    times: dict[str, tuple[float, float]] = {}
    skipped: list[str] = []
    while not scheduler.is_done:
        began = time.thread_time()
        chosen = scheduler.next(workers - len(running))
        slowest = max(slowest, time.thread_time() - began)
        for key in chosen:
            assert key not in times, f"{key} is carried out twice"
            times[key] = (now, now + seconds[key])
            heapq.heappush(running, (times[key][1], key))
        now, key = heapq.heappop(running)
        began = time.thread_time()
        if key in failing:
            left_out = [name for name, _ in scheduler.fail(key)]
            skipped += left_out
            # Each of them is a decision.
            began = time.thread_time() - (time.thread_time() - began) / (1 + len(left_out))
        elif draw.random() < 0.02:
            scheduler.put_back(key)
            del times[key]
        else:
            scheduler.finish(key)
        slowest = max(slowest, time.thread_time() - began)
    return now, times, skipped, slowest


def descendants(nodes: list[Node], keys: Iterable[str]) -> set[str]:
    below, found, wanted = children(nodes), set(), list(keys)
    while wanted:
        for child in below[wanted.pop()]:
            if child not in found:
                found.add(child)
                wanted.append(child)
    return found


def check(nodes: list[Node], workers: int, failing: set[str], seed: int) -> float:
    _, times, skipped, slowest = simulate(nodes, workers, failing, seed)
    ran = failing & times.keys()
    assert set(skipped) == descendants(nodes, ran) and len(skipped) == len(set(skipped))
    assert times.keys() | set(skipped) == {node.key for node in nodes} and not times.keys() & set(skipped)
    for node in nodes:
        for before in node.dependencies:
            if node.key in times:
                assert times[before][1] <= times[node.key][0], f"{node.key} begins before {before} has ended"
    return slowest


@settings(deadline=None)
@given(
    steps=st.integers(1, 200), workers=st.integers(1, 64), share=st.floats(0, 0.3), seed=st.integers(0, 10**6)
)
def test_each_step_is_carried_out_once_after_all_it_needs_and_failures_skip_their_descendants_alone(
    steps, workers, share, seed
):
    nodes = tree(steps, seed)
    check(nodes, workers, {node.key for node in nodes if random.Random(node.key).random() < share}, seed)


def test_ten_thousand_steps_on_64_workers_cost_a_millisecond_a_decision_at_most():
    nodes = tree(10_000, 7)
    failing = {node.key for node in nodes if random.Random(node.key).random() < 0.01}
    assert min(check(nodes, 64, failing, 7) for _ in range(3)) <= 0.001


def plan_nodes(plan: Plan) -> list[Node]:
    """A plan's stages with evaluations of a tenth of their time."""
    found = []
    for number, stage in enumerate(plan.stages):
        before = (str(stage.parent),) if stage.parent else ()
        found.append(Node(str(stage), before, random.Random(number).uniform(0.5, 2)))
        if stage.is_evaluated:
            found.append(Node(f"evaluation of {stage}", (str(stage),), 0.1))
    return found


@pytest.mark.parametrize("name", sequence_files())
@pytest.mark.parametrize("workers", [1, 4, 8])
def test_shipped_plans_take_at_most_a_tenth_longer_than_any_schedule_must(name, workers):
    (loaded,) = load_sequences([sequence_files()[name]])
    nodes = plan_nodes(Plan.of(loaded))
    seconds, *_ = simulate_undisturbed(nodes, workers)
    assert seconds <= 1.1 * least_seconds({node.key: node for node in nodes}, workers)


def simulate_undisturbed(nodes: list[Node], workers: int) -> tuple[float, ...]:
    scheduler, now, running = Scheduler(nodes), 0.0, list[tuple[float, str]]()
    seconds = {node.key: node.seconds for node in nodes}
    while not scheduler.is_done:
        for key in scheduler.next(workers - len(running)):
            heapq.heappush(running, (now + seconds[key], key))
        now, key = heapq.heappop(running)
        scheduler.finish(key)
    return (now,)


def test_a_single_worker_is_given_the_steps_in_order():
    nodes = [Node("a"), Node("score a", ("a",)), Node("b", ("a",), 100.0), Node("c", (), 1000.0)]
    scheduler, order = Scheduler(nodes, in_order=True), []
    while not scheduler.is_done:
        (key,) = scheduler.next(1)
        order.append(key)
        scheduler.finish(key)
    assert order == ["a", "score a", "b", "c"]


def test_a_damaged_step_is_opened_again_before_what_needs_it():
    nodes = [Node("a"), Node("b", ("a",)), Node("c", ("b",))]
    scheduler = Scheduler(nodes)
    for key in "ab":
        assert scheduler.next() == [key]
        scheduler.finish(key)
    assert scheduler.next() == ["c"]
    scheduler.put_back("c")
    scheduler.reopen([nodes[1], nodes[2]])
    assert scheduler.next() == ["b"] and scheduler.state("c") is State.WAITING
    scheduler.finish("b")
    assert scheduler.next() == ["c"]
    scheduler.finish("c")
    assert scheduler.is_done


def test_steps_that_turn_out_to_be_missing_are_added():
    scheduler = Scheduler([Node("c", ("b",))])
    assert scheduler.next() == ["c"]
    scheduler.put_back("c")
    scheduler.reopen([Node("a"), Node("b", ("a",)), Node("c", ("b",))])
    for key in "abc":
        assert scheduler.next() == [key]
        scheduler.finish(key)
    assert scheduler.is_done
