import csv
from pathlib import Path
from typing import Any

from harness.training.monitors import Monitoring
from tests.training.conftest import ROWS, Laboratory

STEPS = -(-ROWS // 8)


def rows(path: Path) -> list[tuple[int, float]]:
    header, *lines = csv.reader(path.read_text().splitlines())
    assert header[0] == "step"
    return [(int(step), float(value)) for step, value in lines]


def test_a_stage_that_is_watched_writes_loss_rate_and_speed_of_each_step_and_learns_the_same(
    laboratory: Laboratory, weights: Any, tmp_path: Path
) -> None:
    def monitoring(stage: str) -> Monitoring:
        monitors = {"csv_monitor": {"enabled": True, "output_path": "watched"}}
        return Monitoring(sequence="orders", stage=stage, monitors=monitors).located(tmp_path)

    plain = laboratory.job("unwatched", "zero2", epochs=1, dropout=0.1)
    watched = laboratory.job("watched", "zero2", epochs=1, dropout=0.1)
    again = watched.model_copy(
        update={
            "workdir": laboratory.folder / "work" / "watched-again",
            "monitoring": monitoring("nli → paraphrase (seed 3)"),
        }
    )
    laboratory.train(plain, watched.model_copy(update={"monitoring": monitoring("nli (seed 3)")}), again)

    first, second = weights("unwatched"), weights("watched")
    assert all(bool((first[name] == second[name]).all()) for name in first)
    for folder in ("nli-seed-3", "nli--paraphrase-seed-3"):
        files = {path.stem: rows(path) for path in (tmp_path / "watched" / "orders" / folder).iterdir()}
        assert {*files} == {"Train_Samples_loss", "Train_Samples_lr", "Train_Samples_samples_per_second"}
        for values in files.values():
            assert [samples for samples, _ in values] == [8 * step for step in range(1, STEPS + 1)]
            assert all(value > 0 for _, value in values[:-1])
