"""`xstilts doctor`: what would stop a run, before it starts, by the checks that the run itself makes."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from harness.cli.file_argument import FileOrName
from harness.cli.options import data_option, store_option
from harness.cli.sequence_argument import load_sequence
from harness.errors import UserError
from harness.message_text import printable

if TYPE_CHECKING:
    from harness.config.evaluation_task import EvaluationTask
    from harness.config.load import LoadedSequence
    from harness.config.sequence_file import Split
    from harness.training.distributed import World

_PACKAGES = ("torch", "transformers", "deepspeed", "lm_eval", "datasets")
_LITTLE_DISK = 10 * 2**30
_LITTLE_MEMORY = 4 * 2**30


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    level: Literal["ok", "note", "STOPS"]
    text: str


@click.command("doctor")
@click.argument("subject", metavar="[FILE|MODEL|DEEPSPEED_FILE]", required=False, type=FileOrName())
@data_option
@store_option
def command(subject: str | None, data_dirs: tuple[Path, ...], store: Path) -> None:
    """Say what of this machine, and of a sequence file, a model or a DeepSpeed file, would stop a run.

    Nothing is downloaded and nothing is kept; a model's folder is tried by two training steps. Of a sequence
    file all its data, its model, its DeepSpeed file and its settings are checked, and every missing file is
    named at once. Exit code 2 if something would stop a run.
    """
    findings = []
    for finding in _all_findings(subject, data_dirs, store):
        findings.append(finding)
        click.echo(printable(f"{finding.level:6} {finding.text}"))
    stops = sum(finding.level == "STOPS" for finding in findings)
    click.echo(f"\n{stops} of these would stop a run." if stops else "\nNothing stands against a run.")
    if stops:
        raise click.exceptions.Exit(2)


def _all_findings(subject: str | None, data_dirs: tuple[Path, ...], store: Path) -> Iterator[Finding]:
    from harness.config.catalogue import sequence_files
    from harness.config.deepspeed_file import deepspeed_files, find_deepspeed
    from harness.named_path import is_file

    yield from _machine(store)
    if subject is None:
        return
    if subject in deepspeed_files() or subject.endswith(".json"):
        found = partial(find_deepspeed, subject)
        yield from _tried(f"DeepSpeed file {subject}", lambda: f"ZeRO level {found().zero_stage}")
    elif subject in sequence_files() or is_file(Path(subject)):
        yield from _sequence(subject, data_dirs)
    else:
        yield from _tried(f"model {subject}", lambda: _model(subject))


def _tried(what: str, check: Callable[[], str]) -> Iterator[Finding]:
    """Yield what a check returns, or how it refuses."""
    try:
        yield Finding("ok", f"{what}: {check()}")
    except UserError as error:
        yield Finding("STOPS", str(error))


def _machine(store: Path) -> Iterator[Finding]:
    from importlib.metadata import version

    import psutil

    from harness.execution.environment import check_accelerator, launcher_variables
    from harness.execution.executors.places import cuda_devices
    from harness.resources import cache_folder

    yield Finding("ok", ", ".join(f"{name} {version(name)}" for name in _PACKAGES))
    devices = cuda_devices()
    threads = len(os.sched_getaffinity(0))
    gpus = f"{len(devices)} GPUs ({', '.join(devices)})" if devices else "no GPU, so stages train on the CPU"
    yield Finding("ok", f"{gpus}; {threads} CPU threads; no compiler is needed")
    try:
        check_accelerator(os.environ, bool(devices))
    except UserError as error:
        yield Finding("STOPS", str(error))
    left = launcher_variables(os.environ)
    if left:
        yield Finding("note", f"a launcher's variables are set and kept from workers: {', '.join(left)}")
    memory = psutil.virtual_memory().available
    yield Finding("ok" if memory > _LITTLE_MEMORY else "note", f"{memory / 2**30:.1f} GiB of memory are free")
    for name, folder in (("store", store), ("cache", cache_folder())):
        there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.is_dir())
        free = psutil.disk_usage(str(there)).free
        level: Literal["ok", "note"] = "ok" if free > _LITTLE_DISK else "note"
        yield Finding(level, f"{free / 2**30:.1f} GiB are free for the {name} {folder}")
        if not os.access(there, os.W_OK):
            yield Finding("STOPS", f"{there} cannot be written, where the {name} would be")


def _model(name: str) -> str:
    from harness.models.checks import check_architecture, check_folder
    from harness.models.families import FAMILIES
    from harness.models.files import read_config
    from harness.models.generic import kinds_with_head
    from harness.models.references import ModelRef, resolve_model
    from harness.models.tokenizer import fast_tokenizer
    from harness.models.tokenizer_checks import check_tokenizer
    from harness.training.self_check import self_check

    model = resolve_model(ModelRef(name=name))
    if model.ref.name.startswith("embedded:"):
        return model.description
    kind = model.model_type or ""
    if model.revision is not None:
        check_architecture(name, kind, ())
        return model.description
    check_folder(model.ref.folder, model.ref.trust_remote_code)
    tokenizer = fast_tokenizer(model.ref)
    check_tokenizer(model.ref.folder, tokenizer, read_config(model.ref.folder))
    self_check(model.ref)
    kinds = FAMILIES[kind].kinds if kind in FAMILIES else kinds_with_head(kind)
    return f"{kind}, {len(tokenizer):,} tokens; two training steps work; trained for {', '.join(kinds)}"


def _sequence(name: str, data_dirs: tuple[Path, ...]) -> Iterator[Finding]:
    from harness.data.location import data_folders

    try:
        loaded = load_sequence(name)
        folders = loaded.data_folders(data_folders(data_dirs))
    except UserError as error:
        yield Finding("STOPS", str(error))
        return
    yield Finding("ok", f"sequence file {loaded.path} with DeepSpeed file {loaded.deepspeed.name}")
    data = [*_data(loaded, folders)]
    yield from data
    if all(finding.level == "ok" for finding in data):
        yield from _plan(loaded, folders)
    else:
        yield from _tried(f"model {loaded.spec.model}", lambda: _model(loaded.model))


def _data(loaded: "LoadedSequence", folders: tuple[Path, ...]) -> Iterator[Finding]:
    """Yield what of the rows is there, and every file and language that is not."""
    from harness.data.evaluation_rows import load_evaluation_rows
    from harness.data.rows import load_training_rows
    from harness.planning.content import few_shot_tasks

    tasks = loaded.tasks | few_shot_tasks(loaded)

    def training(name: str) -> str:
        rows = load_training_rows(tasks[name], data_dir=folders)
        return f"{len(rows.dataset):,} rows ({rows.source})"

    def evaluation(leaf: "EvaluationTask", split: "Split") -> str:
        rows = load_evaluation_rows(leaf.corpus, leaf.language, split=split, data_dir=folders)
        return f"{len(rows.dataset):,} rows ({rows.source})"

    for name in tasks:
        yield from _tried(f"training task {name}", partial(training, name))
    for leaf, split in loaded.scored_splits.items():
        yield from _tried(f"evaluation task {leaf.name}", partial(evaluation, leaf, split))


def _plan(loaded: "LoadedSequence", folders: tuple[Path, ...]) -> Iterator[Finding]:
    """Yield what a run finds out of the whole plan before its first step."""
    from harness.execution.preflight import check_step
    from harness.planning.tree import Plan
    from harness.resolved_plan import resolve
    from harness.training.preflight import preflight

    try:
        resolved = resolve(Plan.of(loaded), folders)
        job = check_step(resolved).job
        notes = preflight(job.model_copy(update={"model": job.model.local()}), _alone())
    except UserError as error:
        yield Finding("STOPS", str(error))
        return
    yield Finding("ok", f"model {resolved.model.description}: it goes with the tasks and their settings")
    for note in (*resolved.leakage.warnings, *notes):
        yield Finding("note", note)


def _alone() -> "World":
    import torch

    from harness.training.distributed import World

    return World(0, 1, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
