from pathlib import Path

from harness.config.load import load_sequences
from harness.execution.options import RunOptions
from tests.execution.experiment import make_experiment


def loaded(folder):
    (sequence,) = load_sequences([make_experiment(folder, settings="per_task: {rte: {train_rows: 3}}")])
    return sequence


def options(**changes):
    return RunOptions(store=Path("store"), leaderboards=Path("boards"), **changes)


def test_a_limit_caps_training_rows_and_items_but_raises_none(tmp_path):
    spec = options(limit=8).apply(loaded(tmp_path)).spec
    assert spec.hyperparameters("xnli").train_rows == 8
    assert spec.hyperparameters("rte").train_rows == 3
    assert spec.evaluation.limit == 8


def test_without_options_the_file_stands_as_it_is(tmp_path):
    sequence = loaded(tmp_path)
    assert options().apply(sequence) == sequence


def test_other_seeds_come_once_each(tmp_path):
    assert options(seeds=(4, 2, 4)).apply(loaded(tmp_path)).spec.seeds == (4, 2)


def test_the_published_command_names_what_matters_and_no_folder_of_this_machine():
    shown = options(data_dir=Path("/home/me/data"), limit=5, seeds=(1, 2), processes=2).command("s.yaml")
    assert shown == "xstilts run s.yaml --data-dir DATA --limit 5 --seeds 1,2 --processes 2"
