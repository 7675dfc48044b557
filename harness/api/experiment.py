"""Reading, planning, running and publishing a sequence file, as the commands of these names do."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.arguments import DEFAULT_LEADERBOARDS, Folders, require_at_least, run_options

if TYPE_CHECKING:
    from harness.config.load import LoadedSequence
    from harness.execution.run import RunReport
    from harness.planning.tree import Plan
    from harness.report.publish import Published


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
    require_at_least(1, workers=workers, processes=processes)
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


def _loaded(sequence: "str | Path | LoadedSequence") -> "LoadedSequence":
    return load(sequence) if isinstance(sequence, str | Path) else sequence
