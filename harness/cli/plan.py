"""`xstilts plan`: what a sequence file asks for, before anything is trained."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.file_argument import FileOrName, FilePath
from harness.cli.options import plan_options
from harness.cli.sequence_argument import load_sequence

if TYPE_CHECKING:
    from harness.config.load import LoadedSequence
    from harness.cost.reuse import Reuse
    from harness.cost.total import PlanCost
    from harness.execution.options import RunOptions

_ACCELERATORS = ("H200", "H100", "A100", "V100", "L4", "A10", "T4", "cpu")


@click.command("plan")
@click.argument("file", type=FileOrName())
@click.option("--json", "as_json", is_flag=True, help="Print counts, balance and cost as JSON.")
@click.option("--cost", is_flag=True, help="Estimate tokens, FLOPs, hours, memory and disk.")
@click.option(
    "--accelerator",
    type=click.Choice(_ACCELERATORS, case_sensitive=False),
    default="A100",
    show_default=True,
    help="Device that the hours are for.",
)
@click.option("--devices", type=click.IntRange(1), default=1, show_default=True, help="How many of them.")
@click.option(
    "--utilization",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.3,
    show_default=True,
    help="Share of the device's peak that is reached.",
)
@click.option(
    "--store",
    type=FilePath(path_type=Path, file_okay=False, exists=True),
    help="Say what this store holds already and what is left to train; with --cost also what the rest takes, "
    "with tokens from its finished stages, compared with the estimate.",
)
@plan_options
def command(
    file: str,
    as_json: bool,
    cost: bool,
    accelerator: str,
    devices: int,
    utilization: float,
    store: Path | None,
    options: "RunOptions",
) -> None:
    """Draw the tree of stages of FILE (a path, or the name of a known sequence) and count them.

    ● marks a target stage, whose checkpoint is evaluated. Give the options of `xstilts run` to see the plan
    of that run; with --store, what it would reuse. --cost says what the stages take, without loading
    a model: it needs the model's name or folder, and each task's published or real number of rows.
    """
    from harness.models.checks import check_named_model
    from harness.planning.drawing import draw

    loaded = options.apply(load_sequence(file))
    kinds = [task.kind for task in loaded.tasks.values()]
    check_named_model(loaded.model, loaded.spec.trust_remote_code, kinds)
    content = _counts(loaded) if as_json else {}
    text = "" if as_json else draw(loaded)
    estimate = None
    if cost:
        estimate, words = _cost(loaded, accelerator, devices, utilization, store, options)
        content["cost"] = {
            **asdict(estimate),
            **{name: getattr(estimate, name) for name in ("tokens", "flops", "seconds", "memory", "disk")},
        }
        text += f"\n\n{words}"
    if store is not None:
        found = _reuse(loaded, store, options)
        content["store"] = asdict(found)
        text += f"\n\n{_reuse_table(found, estimate)}"
    click.echo(json.dumps(content, indent=2, ensure_ascii=False) if as_json else text)


def _counts(loaded: "LoadedSequence") -> dict[str, Any]:
    from harness.planning.balance import balance
    from harness.planning.content import few_shots, mixture_descriptions
    from harness.planning.orders import plan_size

    spec, counts = loaded.spec, balance(loaded.spec)
    return {
        "name": spec.name,
        "model": spec.model,
        **asdict(plan_size(spec, len(loaded.untrained))),
        "intermediates": spec.intermediates,
        "mixtures": mixture_descriptions(loaded),
        "languages": {name: task.language for name, task in loaded.tasks.items()},
        "targets": spec.targets,
        "few_shot": [str(shots) for shots in few_shots(spec)],
        "seeds": spec.seeds,
        "balance": {
            **asdict(counts),
            "positions_are_even": counts.positions_are_even,
            "successions_are_even": counts.successions_are_even,
        },
        "evaluations": {
            target: [task.name for task in tasks] for target, tasks in loaded.evaluations.items()
        },
    }


def _reuse(loaded: "LoadedSequence", store: Path, options: "RunOptions") -> "Reuse":
    from harness.cost.reuse import reuse
    from harness.planning.tree import Plan
    from harness.resolved_plan import resolve
    from harness.store.store import Store

    return reuse(resolve(Plan.of(loaded), options.data_dir), Store.existing(store))


def _reuse_table(found: "Reuse", cost: "PlanCost | None") -> str:
    from harness.cost.reuse import reuse_table

    return reuse_table(found, cost)


def _cost(
    loaded: "LoadedSequence",
    accelerator: str,
    devices: int,
    utilization: float,
    store: Path | None,
    options: "RunOptions",
) -> "tuple[PlanCost, str]":
    from harness.cost.accelerators import ACCELERATORS
    from harness.cost.check import check_stages, check_table
    from harness.cost.estimate import Machine
    from harness.cost.hub_models import architecture
    from harness.cost.inputs import cost_inputs
    from harness.cost.table import cost_table
    from harness.cost.total import plan_cost
    from harness.data.location import as_folders
    from harness.store.store import Store
    from harness.training.manifest import STAGES

    zero = loaded.deepspeed
    machine = Machine(ACCELERATORS[accelerator], utilization, devices, zero.zero_stage, zero.offloads)
    model, folder = architecture(loaded.model), loaded.data_folders(as_folders(options.data_dir))
    measured = list(Store(store).all(STAGES)) if store else []
    inputs = cost_inputs(loaded, folder, measured)
    estimate = plan_cost(loaded.spec, model, inputs.sizes, inputs.items, machine, loaded.untrained)
    text = cost_table(estimate, inputs.sources)
    if store:
        sizes = cost_inputs(loaded, folder).sizes
        text += "\n\n" + check_table(check_stages(loaded, model, sizes, machine, measured))
    return estimate, text
