"""Estimates beside a stage that was really trained: XNLI's English rows with the embedded encoder."""

from pathlib import Path

import pytest

from harness.config.load import load_sequences
from harness.cost.accelerators import ACCELERATORS
from harness.cost.check import check_stages, check_table
from harness.cost.estimate import Machine, Size
from harness.cost.hub_models import KNOWN_MODELS
from harness.cost.inputs import UnknownRowsError, cost_inputs
from harness.store.manifest import FileRecord
from tests.config.files import SEQUENCE, TASK, changed, write
from tests.store.entries import manifest

SETTINGS = {"epochs": 3.0, "learning_rate": 5e-5, "batch_size": 16, "freeze_embeddings": True}
RECORDED = {
    "steps": 468,
    "samples": 7470,
    "tokens": 312_909,
    "seconds": 553.0,
    "peak_memory_bytes": 2704 * 2**20,
}
FROZEN, BODY, HEAD = 384_056_984, 86_581_024, 4_740


def stage(**changes):
    base = manifest("0" * 32)
    files = {
        "encoder/model-00001-of-00002.safetensors": FileRecord(sha256="a", bytes=FROZEN),
        "encoder/model-00002-of-00002.safetensors": FileRecord(sha256="b", bytes=BODY),
        "classifier/model-00001-of-00003.safetensors": FileRecord(sha256="a", bytes=FROZEN),
        "classifier/model-00002-of-00003.safetensors": FileRecord(sha256="b", bytes=BODY),
        "classifier/model-00003-of-00003.safetensors": FileRecord(sha256="c", bytes=HEAD),
        "classifier/tokenizer.json": FileRecord(sha256="d", bytes=17_082_730),
    }
    settings = base.hyperparameters.overridden(SETTINGS)
    member = base.result.members[0].model_copy(update={"rows": 2490})
    fields = {
        "model": "embedded:e5-small",
        "path": ("xnli",),
        "hyperparameters": settings,
        "files": files,
        "result": base.result.model_copy(update=RECORDED | {"members": (member,)}),
    }
    return base.model_copy(update=fields | changes)


@pytest.fixture
def loaded(tmp_path: Path):
    return load_sequences([write(tmp_path, "trial.yaml", SEQUENCE)])[0]


def test_the_estimate_of_a_real_stage_is_near_what_it_took(loaded) -> None:
    sizes = {"xnli": Size(2490, 41.9, 3)}
    (check,) = check_stages(
        loaded, KNOWN_MODELS["embedded:e5-small"], sizes, Machine(ACCELERATORS["cpu"]), [stage()]
    )
    assert abs(check.tokens.error) < 0.01
    assert abs(check.disk.error) < 0.001
    assert abs(check.memory.error) < 0.25
    matrices = 12 * (4 * 384**2 + 2 * 384 * 1536)
    assert check.flops_per_second == pytest.approx(6 * matrices * 312_909 / 553, rel=0.1)
    assert "xnli       1" in check_table([check])


def test_other_models_and_tasks_are_passed_over(loaded) -> None:
    others = [stage(model="other"), stage(path=("other",))]
    sizes = {"xnli": Size(2490, 41.9, 3)}
    machine = Machine(ACCELERATORS["cpu"])
    assert not check_stages(loaded, KNOWN_MODELS["embedded:e5-small"], sizes, machine, others)
    assert "no stage" in check_table([])


def test_tokens_are_those_of_finished_stages_of_the_same_model_and_length(loaded) -> None:
    inputs = cost_inputs(loaded, None, [stage()])
    assert inputs.sizes["xnli"].tokens_per_row == pytest.approx(312_909 / 7470)
    assert any("of stages in the store" in line for line in inputs.sources)
    longer = stage(hyperparameters=stage().hyperparameters.overridden({"max_length": 64}))
    assert cost_inputs(loaded, None, [longer]).sizes["xnli"].tokens_per_row == 50


def test_generated_rows_are_counted(tmp_path: Path) -> None:
    text = changed(SEQUENCE, ("[rte, pawsx]", "[mini_sentiment, mini_qa]"), ("rte: {epochs: 3}", "xnli: {}"))
    inputs = cost_inputs(load_sequences([write(tmp_path, "trial.yaml", text)])[0], None)
    assert inputs.sizes["mini_sentiment"].rows > 100
    assert 3 < inputs.sizes["mini_sentiment"].tokens_per_row < 60


def test_rows_that_nobody_knows_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "tasks/own.yaml", TASK)
    text = changed(SEQUENCE, ("[rte, pawsx]", "[own]"), ("rte: {epochs: 3}", "own: {}"))
    loaded = load_sequences([write(tmp_path, "trial.yaml", text)])[0]
    with pytest.raises(UnknownRowsError, match="expected_rows"):
        cost_inputs(loaded, None)


def test_text_to_text_models_read_a_row_as_one_text_and_byt5_its_bytes(tmp_path):
    text = changed(SEQUENCE, ("[rte, pawsx]", "[rte, commonsenseqa]"))
    rows = "index\tsentence1\tsentence2\tlabel\n0\tA bird sings.\tÉtés pass.\tentailment\n"
    write(tmp_path, "data/glue/rte/train.tsv", rows)
    sizes = {}
    for model in ("embedded:e5-small", "google/mt5-base", "google/byt5-base"):
        own = text.replace("embedded:e5-small", model)
        (loaded,) = load_sequences([write(tmp_path, "trial.yaml", own)])
        sizes[model] = {
            name: size.tokens_per_row for name, size in cost_inputs(loaded, tmp_path / "data").sizes.items()
        }
    # Four candidates are assumed, each behind the question, or all of them and the question once.
    assert sizes["embedded:e5-small"]["commonsenseqa"] == 4 * 50
    assert sizes["google/mt5-base"]["commonsenseqa"] == 125
    assert sizes["google/byt5-base"]["commonsenseqa"] == 128
    read = "rte: sentence1: A bird sings. sentence2: Étés pass."
    assert sizes["google/mt5-base"]["rte"] == 3 + len(read) // 4
    assert sizes["google/byt5-base"]["rte"] == len(read.encode()) + 1
