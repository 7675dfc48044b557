"""The formulas of the cost by hand."""

from dataclasses import replace

import pytest

from harness.config.hyperparameters import Hyperparameters, Precision
from harness.cost.accelerators import ACCELERATORS
from harness.cost.architecture import Architecture
from harness.cost.estimate import Machine, Size, stage_cost
from harness.cost.hub_models import KNOWN_MODELS
from harness.cost.memory import peak_memory
from harness.cost.total import plan_cost
from harness.planning.orders import plan_size, stage_counts
from harness.planning.tree import Plan
from tests.planning.sequences import loaded

XLMR = KNOWN_MODELS["xlm-roberta-base"]
A100 = Machine(ACCELERATORS["A100"], utilization=0.5, zero_stage=0)
SETTINGS = Hyperparameters(batch_size=1000, epochs=2.0)
SIZE = Size(rows=1000, tokens_per_row=50.0, labels=3)


def test_one_stage_of_xlm_r_by_hand():
    cost = stage_cost(XLMR, SIZE, SETTINGS, A100)
    assert (cost.samples, cost.steps, cost.tokens) == (2000, 2, 100_000)
    matrices = 12 * (4 * 768**2 + 2 * 768 * 3072)
    products = 6 * matrices * 100_000 + 12 * 12 * 768 * 50 * 100_000 + 6 * 2000 * (768**2 + 768 * 3)
    trained = 278_045_955  # AutoModelForSequenceClassification of xlm-roberta-base with three labels
    assert cost.disk == 4 * trained
    idle = (250_002 - 4_472) * 768  # 20 · sqrt(50,000 tokens) rows are named
    assert cost.flops == pytest.approx(products + 2 * 15 * (trained - idle))
    assert cost.seconds == pytest.approx(products / (312e12 * 0.5) + 2 * 30 * (trained - idle) / 2039e9)


def test_steps_and_rows_of_the_settings_count():
    assert stage_cost(XLMR, SIZE, SETTINGS.overridden({"steps": 7}), A100).samples == 7000
    assert stage_cost(XLMR, SIZE, SETTINGS.overridden({"train_rows": 100}), A100).samples == 200


def test_small_batches_take_a_gpu_the_time_in_which_their_kernels_are_started():
    small = SETTINGS.overridden({"batch_size": 10})
    assert stage_cost(XLMR, SIZE, small, A100).seconds == pytest.approx(200 * 12 * 160 * 6e-6)
    split = small.overridden({"accumulation": 2})
    assert stage_cost(XLMR, SIZE, split, A100).seconds == pytest.approx(2 * 200 * 12 * 160 * 6e-6)


def test_devices_share_the_work():
    one, four = (stage_cost(XLMR, SIZE, SETTINGS, replace(A100, devices=n, zero_stage=2)) for n in (1, 4))
    assert four.seconds == pytest.approx(one.seconds / 4)
    assert four.flops == one.flops


def test_an_accelerator_without_the_precision_gives_no_hours():
    v100 = Machine(ACCELERATORS["V100"])
    assert stage_cost(XLMR, SIZE, SETTINGS, v100).seconds is None
    assert stage_cost(XLMR, SIZE, SETTINGS.overridden({"precision": Precision.FP16}), v100).seconds > 0


@pytest.mark.parametrize(("level", "gigabytes"), [(0, 120), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_states_are_those_of_figure_1_of_the_zero_paper(level, gigabytes):
    """7.5 billion parameters on 64 devices, K = 12 (Rajbhandari et al. 2020)."""
    memory = peak_memory(XLMR, 7_500_000_000, 0, 0, Hyperparameters(batch_size=64), 64, level, False)
    assert memory.states / 1e9 == pytest.approx(gigabytes, abs=0.05)


def test_offload_takes_the_optimizer_from_the_device_and_frozen_parameters_need_two_bytes():
    settings = Hyperparameters()
    assert peak_memory(XLMR, 100, 1000, 0, settings, 1, 2, False).states == 2 * 1100 + 2 * 100 + 12 * 100
    assert peak_memory(XLMR, 100, 1000, 0, settings, 1, 2, True).states == 2 * 1100 + 2 * 100
    assert peak_memory(XLMR, 100, 1000, 0, settings, 1, 3, True).states == 2 * 100


@pytest.mark.parametrize(
    ("precision", "level", "bytes_a_parameter"),
    [("bf16", 0, 20), ("bf16", 1, 22), ("bf16", 2, 22), ("bf16", 3, 20), ("fp32", 0, 16), ("fp32", 1, 24),
     ("fp32", 2, 24), ("fp32", 3, 24)],
)  # fmt: skip
def test_the_peak_holds_what_a_step_of_the_optimizer_copies(precision, level, bytes_a_parameter):
    """Weights, gradients and AdamW's states, and the gradients in fp32 that DeepSpeed makes of them."""
    settings = Hyperparameters(batch_size=1, max_length=8, precision=precision)
    memory = peak_memory(XLMR, 10**9, 0, 0, settings, 1, level, False)
    assert memory.total / 1e9 == pytest.approx(bytes_a_parameter, abs=0.1)


def test_activations_by_hand():
    tiny = Architecture("bert", 2, 8, 16, 100, 2, positions=16)
    memory = peak_memory(
        tiny, 0, 0, 0, Hyperparameters(batch_size=8, accumulation=2, max_length=16), 2, 0, False
    )
    assert memory.activations == 16 * 2 * 8 * 2 * (34 + 5 * 2 * 16 / 8)


@pytest.mark.parametrize(
    "orders",
    ["all", "{lengths: [0, 2]}", "{balanced: latin, prefixes: true}", "[[mnli, qqp], [mnli]]"],
)
def test_stages_are_counted_as_the_plan_builds_them(tmp_path, orders):
    sequence = loaded(tmp_path, intermediates=3, orders=orders, targets=2, seeds=2)
    counts = stage_counts(sequence.spec)
    built = [stage.task for stage in Plan.of(sequence).stages]
    assert counts == {task: built.count(task) for task in counts}
    assert sum(counts.values()) == plan_size(sequence.spec).stages


def test_a_plan_adds_up(tmp_path):
    spec = loaded(tmp_path, intermediates=2, orders="all", seeds=3).spec
    sizes = {"mnli": SIZE, "qqp": replace(SIZE, rows=500), "xnli": SIZE}
    cost = plan_cost(spec, XLMR, sizes, {"xnli": 300}, A100)
    by_task = {task.task: task for task in cost.tasks}
    assert {name: task.stages for name, task in by_task.items()} == {"mnli": 6, "qqp": 6, "xnli": 15}
    assert cost.tokens == 6 * 50_000 + 6 * 25_000 + 15 * 50_000
    assert cost.disk == sum(task.stages * task.each.disk for task in cost.tasks)
    (scoring,) = cost.evaluations
    assert (scoring.evaluations, scoring.items) == (15, 300)
    assert cost.seconds == pytest.approx(sum(t.stages * t.each.seconds for t in cost.tasks) + scoring.seconds)


def test_frozen_embeddings_are_stored_once(tmp_path):
    spec = loaded(tmp_path, intermediates=2, orders="all").spec
    frozen = spec.model_copy(
        update={"training": spec.training.model_copy(update={"freeze_embeddings": True})}
    )
    sizes = dict.fromkeys(("mnli", "qqp", "xnli"), SIZE)
    all_trained, some = (plan_cost(one, XLMR, sizes, {}, A100).disk for one in (spec, frozen))
    assert all_trained - some == 4 * 250_002 * 768 * (plan_size(spec).stages - 1)


@pytest.mark.parametrize(
    ("rows", "named"),
    [(2, 200), (2000, 6325), (10**9, 250_002)],
)
def test_the_optimizer_holds_the_word_embeddings_that_inputs_name(rows, named):
    size, settings = Size(rows, 50.0, 3), Hyperparameters(batch_size=8)
    machine = Machine(ACCELERATORS["A100"])
    some, every = (stage_cost(XLMR, one, settings, machine) for one in (size, replace(size, any_token=True)))
    idle = (250_002 - named) * 768
    assert every.memory.states - some.memory.states == pytest.approx((2 + 2 + 12) * idle, rel=1e-3, abs=1e6)
    assert every.flops - some.flops == pytest.approx(15 * some.steps * idle, rel=1e-3, abs=1e6)
    assert some.disk == every.disk
