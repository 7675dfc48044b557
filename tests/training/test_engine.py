"""What DeepSpeed is told for the sake of speed and safety on GPUs; the numbers are not touched."""

import pytest
import torch

from harness.training.distributed import World
from harness.training.engine import without_waits

from .models import deepspeed_config

LARGE, SMALL = 60_000_000, 1_000


def network(elements: int) -> torch.nn.Module:
    return torch.nn.Linear(elements, 1, bias=False, device="meta")


@pytest.mark.parametrize(
    ("level", "processes", "elements", "overlaps"),
    [
        ("zero2", 2, SMALL, True),
        ("zero1", 2, SMALL, True),
        ("zero2", 1, SMALL, False),  # nothing to overlap, and a wait in each backward pass
        ("zero3", 1, SMALL, False),
        ("zero2", 2, LARGE, False),  # mT5's output layer is larger than the bucket of 50,000,000
        ("zero1", 2, LARGE, False),
        ("zero3", 2, LARGE, True),
    ],
)
def test_gradients_are_reduced_meanwhile_only_where_that_gains_and_is_safe(
    level, processes, elements, overlaps
):
    world = World(0, processes, torch.device("cuda"))
    config = without_waits(deepspeed_config(level), network(elements), world)
    assert config["zero_optimization"]["overlap_comm"] is overlaps


def test_deepspeed_measures_no_throughput_that_waits_for_the_device_unless_asked_to():
    world = World(0, 1, torch.device("cuda"))
    assert without_waits({}, network(SMALL), world)["timers"] == {"throughput": {"enabled": False}}
    own = {"timers": {"throughput": {"enabled": True, "synchronized": False}}}
    assert without_waits(own, network(SMALL), world)["timers"] == own["timers"]
