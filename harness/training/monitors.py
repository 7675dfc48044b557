"""DeepSpeed's monitors: loss, learning rate and speed of a stage for people to watch.

DeepSpeed's engine starts them from its configuration and writes the learning rate
(https://www.deepspeed.ai/docs/config-json/#monitoring-module); what is counted along is samples.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.frozen_model import FrozenModel

_FOLDERS = ("tensorboard", "csv_monitor")


class Monitoring(FrozenModel):
    """Who watches a stage.

    Attributes:
        sequence: Name of the sequence file.
        stage: The stage as people read it.
        monitors: DeepSpeed's keys of those that are enabled, with the user's settings.
    """

    sequence: str
    stage: str
    monitors: dict[str, dict[str, Any]]

    @property
    def name(self) -> str:
        """Of the run: sequence and stage."""
        return f"{self.sequence}: {self.stage}"

    def located(self, folder: Path) -> "Monitoring":
        """Return the same with output folders that are relative to `folder`, where a run is started."""
        return self.moved(lambda path: str(folder / path))

    def moved(self, change: Callable[[str], str]) -> "Monitoring":
        """Return the same with other output folders: `change` takes each one."""
        monitors = {name: dict(settings) for name, settings in self.monitors.items()}
        for name in _FOLDERS:
            if name in monitors:
                monitors[name]["output_path"] = change(monitors[name].get("output_path", ""))
        return self.model_copy(update={"monitors": monitors})

    def config(self) -> dict[str, dict[str, Any]]:
        """Return the keys for DeepSpeed, with the run's name in them."""
        found = {name: dict(settings) for name, settings in self.monitors.items()}
        for name in _FOLDERS:
            if name in found:
                stage = re.sub(r"[^\w.-]+", "-", self.stage.replace(" → ", "--")).strip("-")
                found[name]["job_name"] = f"{found[name].get('job_name', self.sequence)}/{stage}"
        if "comet" in found:
            found["comet"].setdefault("experiment_name", self.name)
        return found


@contextmanager
def named_run(monitoring: Monitoring | None) -> Iterator[None]:
    """Give Weights & Biases the run's name while an engine starts; DeepSpeed has no key for it."""
    if monitoring is None or "wandb" not in monitoring.monitors or "WANDB_NAME" in os.environ:
        yield
        return
    os.environ["WANDB_NAME"] = monitoring.name
    try:
        yield
    finally:
        del os.environ["WANDB_NAME"]


def write_to_monitors(engine: Any, step: int, loss: float, samples_per_second: float) -> None:
    """Tell the monitors of a step; the engine has told them its learning rate."""
    samples = step * engine.train_batch_size()
    values = {"loss": loss, "samples_per_second": samples_per_second}
    engine.monitor.write_events([(f"Train/Samples/{name}", value, samples) for name, value in values.items()])


def close_monitors(engine: Any) -> None:
    """End the run that the monitors of a stage's engine write; the next stage of this process has its own."""
    monitor = engine.monitor
    if monitor.tb_monitor is not None:
        monitor.tb_monitor.summary_writer.close()
    if monitor.wandb_monitor is not None:
        import wandb

        wandb.finish()
    if monitor.comet_monitor is not None:
        monitor.comet_monitor.experiment.end()
