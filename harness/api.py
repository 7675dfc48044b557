"""The public Python API: what `xstilts plan`, `run`, `eval` and `publish` do, as functions.

`import harness` offers these functions; the command line calls them or what they call, so both give the same
results. Libraries are imported when a function is called: `load` and `plan` need no torch.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.config.load import LoadedSequence
    from harness.evaluation.job import EvaluationProgress, EvaluationResult
    from harness.execution.options import RunOptions
    from harness.execution.run import RunReport
    from harness.planning.tree import Plan
    from harness.report.publish import Published

DEFAULT_STORE = Path(".xstilts/store")
DEFAULT_LEADERBOARDS = Path("leaderboards")
STORE_VARIABLE = "XSTILTS_STORE"

Folders = str | Path | Sequence[str | Path]
"""A folder, or several, of which the first that has a file counts."""


class ArgumentError(UserError):
    """An argument has a value that it cannot have."""


class NoTasksError(UserError):
    """A list of names holds none."""


class StaleCopyWarning(UserWarning):
    """A registered sequence is no longer what it was copied from."""


def load(sequence: str | Path) -> "LoadedSequence":
    """Read and check a sequence file with all that it names; needs no data, no model and no torch.

    Args:
        sequence: A path, or the name of a shipped or registered sequence.

    Returns:
        The sequence file as a typed record (`spec`), its training tasks, evaluation tasks and DeepSpeed file.

    Raises:
        SpecError: There is none of that name, or it has problems; the message lists all of them.

    Warns:
        StaleCopyWarning: The file that a registered sequence was copied from was changed since.
    """
    import warnings

    from harness.config.catalogue import find_sequence
    from harness.config.load import load_sequences
    from harness.config.registry import stale_copy

    path = find_sequence(sequence)
    if warning := stale_copy(path):
        warnings.warn(warning, StaleCopyWarning, stacklevel=2)
    (loaded,) = load_sequences([path])
    return loaded


def plan(
    sequence: "str | Path | LoadedSequence",
    *,
    limit: int | None = None,
    seeds: Sequence[int] | None = None,
    add_seeds: Sequence[int] = (),
    deepspeed: str | None = None,
) -> "Plan":
    """Expand a sequence file into its sequences and the tree of stages that they share; needs no torch.

    Args:
        sequence: A path, the name of a known sequence, or what `load` returned.
        limit: A trial: at most so many rows of each task, trained on and scored.
        seeds: In place of the file's.
        add_seeds: Besides those.
        deepspeed: Another DeepSpeed file than the sequence file's: a known name or a path.

    Returns:
        `sequences`, and `stages` of which each stands once, after its parent.

    Raises:
        SpecError: The sequence file or the DeepSpeed file has problems.
        TooManyStagesError: There are more than a million stages.
    """
    from harness.planning.tree import Plan

    options = run_options(limit=limit, seeds=seeds, add_seeds=add_seeds, deepspeed=deepspeed)
    return Plan.of(options.apply(_loaded(sequence)))


def run(
    sequence: "str | Path | LoadedSequence",
    *,
    store: str | Path | None = None,
    leaderboards: str | Path = DEFAULT_LEADERBOARDS,
    data_dir: Folders = (),
    limit: int | None = None,
    seeds: Sequence[int] | None = None,
    add_seeds: Sequence[int] = (),
    deepspeed: str | None = None,
    executor: str = "local",
    workers: int | None = None,
    processes: int = 1,
    resume_minutes: float = 1.0,
    stall_minutes: float = 10.0,
    stop_seconds: float = 20.0,
    discard_target_weights: bool = False,
    reported: str | Path | None = None,
    note: str | None = None,
    replace: bool = False,
    quiet: bool = False,
) -> "RunReport":
    """Train and score what the store lacks of a sequence file, and publish its leaderboard.

    Stages that are already in the store are reused; a run that was stopped goes on where it was, to the same
    weights. A failed stage does not raise: `report.outcome.failures` and the leaderboard name it.

    Args:
        sequence: A path, the name of a known sequence, or what `load` returned.
        store: Folder of finished stages and evaluations; `XSTILTS_STORE`, else `.xstilts/store`, where None.
        leaderboards: Folder that the leaderboard is written to; `leaderboards` by default.
        data_dir: Folders with local data in XTREME's layout; `XSTILTS_DATA`, else the hub, where none.
        limit: A trial: at most so many rows of each task, trained on and scored.
        seeds: In place of the file's.
        add_seeds: Besides those.
        deepspeed: Another DeepSpeed file than the sequence file's: a known name or a path.
        executor: Where stages run: the name or path of an executor profile.
        workers: Stages trained at the same time; as suits the machine where None.
        processes: Training processes of a stage, one for each device.
        resume_minutes: Minutes of training between two points from which a killed stage resumes.
        stall_minutes: A worker that neither reports nor computes for so long is ended.
        stop_seconds: Time for running stages to save a resume point after Ctrl-C.
        discard_target_weights: Drop the weights of targets once their evaluations are in.
        reported: JSON file of numbers published by others.
        note: A remark of yours that the page shows.
        replace: Write also over a leaderboard that holds more; a dated copy of it is kept.
        quiet: Print no progress.

    Returns:
        `outcome` (what was made, reused and failed) and `published` (the leaderboard's files).

    Raises:
        UserError: The sequence file, the model, the data or the store cannot be used as asked.
        RunError: The disk is full, or nothing could be run.
    """
    from dataclasses import replace as changed

    from rich.console import Console

    from harness.execution.executors.registry import read_profile
    from harness.execution.run import run

    options = run_options(
        store=store,
        leaderboards=leaderboards,
        data_dir=data_dir,
        limit=limit,
        seeds=seeds,
        add_seeds=add_seeds,
        deepspeed=deepspeed,
        reported=reported,
        note=note,
        replace=replace,
    )
    _require_at_least(1, workers=workers, processes=processes)
    options = changed(
        options,
        profile=read_profile(executor),
        workers=workers,
        processes=processes,
        resume_minutes=resume_minutes,
        stall_minutes=stall_minutes,
        stop_seconds=stop_seconds,
        discard_target_weights=discard_target_weights,
    )
    return run(_loaded(sequence), options, Console(quiet=quiet))


def evaluate(
    checkpoint: str | Path,
    tasks: str | Sequence[str],
    *,
    output: str | Path,
    data_dir: Folders = (),
    split: str = "test",
    limit: int | None = None,
    batch_size: int = 64,
    precision: str = "fp32",
    labels: str | Sequence[str] | None = None,
    include_path: Sequence[str | Path] = (),
    revision: str = "main",
    trust_remote_code: bool = False,
    report: "Callable[[EvaluationProgress], None] | None" = None,
) -> "EvaluationResult | None":
    """Score a checkpoint on evaluation tasks by lm-evaluation-harness, in this process.

    Leaves `results.json`, in lm-eval's format, and `predictions.parquet` in the output folder.

    Args:
        checkpoint: A Hugging Face folder with a head, a finished stage's folder, or a hub id.
        tasks: Groups or tasks; as one text, separated by commas.
        output: Folder for the results.
        data_dir: Folders with local data in XTREME's layout; `XSTILTS_DATA`, else the hub, where none.
        split: `test` or `validation`.
        limit: Only the first so many items of each task.
        batch_size: Documents of full length in a forward pass; of short ones it takes more.
        precision: `fp32`, `bf16` or `fp16`.
        labels: What the head's outputs mean, in order, where the checkpoint's configuration does not say it.
        include_path: Folders of corpora and evaluation tasks, besides the shipped and the user's own.
        revision: Branch, tag or commit of a hub model.
        trust_remote_code: Run code that comes with the checkpoint.
        report: Called after every batch.

    Returns:
        The scores; None in the processes of a group (torchrun) that are not its first.

    Raises:
        UserError: The checkpoint, a task or its data cannot be used as they are.
    """
    from pydantic import ValidationError

    from harness.data.location import data_folders
    from harness.evaluation.job import EvaluationJob
    from harness.models.references import ModelRef

    wanted = _names(tasks, "tasks")
    named = None if labels is None else _names(labels, "labels")
    try:
        job = EvaluationJob.model_validate(
            {
                "checkpoint": ModelRef(
                    name=str(checkpoint), revision=revision, trust_remote_code=trust_remote_code
                ),
                "tasks": wanted,
                "split": split,
                "limit": limit,
                "batch_size": batch_size,
                "precision": precision,
                "data_dir": data_folders(_folders(data_dir)),
                "labels": named,
                "task_folders": tuple(Path(folder).resolve() for folder in include_path),
                "output": Path(output),
            }
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ArgumentError(f"{place}: {first['input']!r}: {first['msg']}") from error
    from harness.evaluation.score import evaluate_checkpoint

    return evaluate_checkpoint(job, report)


def publish(
    *sequences: "str | Path | LoadedSequence",
    store: str | Path | Sequence[str | Path] | None = None,
    leaderboards: str | Path = DEFAULT_LEADERBOARDS,
    data_dir: Folders = (),
    limit: int | None = None,
    seeds: Sequence[int] | None = None,
    add_seeds: Sequence[int] = (),
    deepspeed: str | None = None,
    reported: str | Path | None = None,
    note: str | None = None,
    replace: bool = False,
    together: str | None = None,
    title: str | None = None,
) -> "tuple[Published, ...]":
    """Write the leaderboards of sequence files from what stores hold, without training anything.

    Give the options with which they were run: what was not run is listed as such.

    Args:
        sequences: Paths, names of known sequences, or what `load` returned.
        store: The store or the stores to read; `XSTILTS_STORE`, else `.xstilts/store`, where None.
        leaderboards: Folder that the leaderboards are written to.
        data_dir: As in `run`.
        limit: As in `run`.
        seeds: As in `run`.
        add_seeds: As in `run`.
        deepspeed: As in `run`.
        reported: As in `run`.
        note: As in `run`.
        replace: As in `run`.
        together: Write one leaderboard of this name from all sequence files.
        title: Title of the leaderboard that `together` names.

    Returns:
        The files of each leaderboard, in the order of `sequences`.

    Raises:
        SpecError: A sequence file has problems.
        UserError: A store holds nothing of them, or two hold other results of the same evaluation.
    """
    from harness.execution.run import publish_files

    stores = (store,) if isinstance(store, str | Path | None) else tuple(store)
    options = run_options(
        store=stores[0],
        leaderboards=leaderboards,
        data_dir=data_dir,
        limit=limit,
        seeds=seeds,
        add_seeds=add_seeds,
        deepspeed=deepspeed,
        reported=reported,
        note=note,
        replace=replace,
    )
    folders = [options.store, *(Path(one) for one in stores[1:] if one is not None)]
    return tuple(publish_files([*map(_loaded, sequences)], folders, options, together, title))


def run_options(
    *,
    store: str | Path | None = None,
    leaderboards: str | Path = DEFAULT_LEADERBOARDS,
    data_dir: Folders = (),
    limit: int | None = None,
    seeds: Sequence[int] | None = None,
    add_seeds: Sequence[int] | None = None,
    deepspeed: str | None = None,
    reported: str | Path | None = None,
    note: str | None = None,
    replace: bool = False,
) -> "RunOptions":
    """Return the options of a run, as a caller of `run` and the command line give them.

    Raises:
        UserError: A folder or a DeepSpeed file is not there, or a number is none that it can be.
    """
    from harness.config.deepspeed_file import find_deepspeed
    from harness.data.location import data_folders
    from harness.execution.options import RunOptions

    _require_at_least(1, limit=limit)
    folder = Path(leaderboards)
    beside = folder / "reported.json"
    return RunOptions(
        store=Path(store or os.environ.get(STORE_VARIABLE) or DEFAULT_STORE),
        leaderboards=folder,
        data_dir=data_folders(_folders(data_dir)),
        limit=limit,
        seeds=None if seeds is None else tuple(seeds),
        added_seeds=tuple(add_seeds or ()),
        deepspeed=find_deepspeed(deepspeed) if deepspeed is not None else None,
        reported=Path(reported) if reported is not None else beside if beside.is_file() else None,
        note=note,
        replace=replace,
    )


def _loaded(sequence: "str | Path | LoadedSequence") -> "LoadedSequence":
    return load(sequence) if isinstance(sequence, str | Path) else sequence


def _folders(named: Folders) -> tuple[str | Path, ...]:
    return (named,) if isinstance(named, str | Path) else tuple(named)


def _names(names: str | Sequence[str], argument: str) -> tuple[str, ...]:
    """Return names that are given as a sequence, or as one text with commas between them."""
    parts = names.split(",") if isinstance(names, str) else names
    found = tuple(part.strip() for part in parts if part.strip())
    if not found:
        raise NoTasksError(f"{argument}: {names!r} names nothing; separate names by commas")
    return found


def _require_at_least(least: int, **numbers: int | None) -> None:
    for name, number in numbers.items():
        if number is not None and number < least:
            raise ArgumentError(f"{name}: {number} is less than {least}; name a larger number")
