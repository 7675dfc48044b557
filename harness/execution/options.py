"""The options of a run, and the sequence file that they turn the given one into."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.config.deepspeed_agreement import agreement_problems
from harness.config.deepspeed_file import DeepSpeedFile
from harness.config.executor_profile import LOCAL, ExecutorProfile
from harness.config.hyperparameters import Hyperparameters
from harness.config.load import LoadedSequence
from harness.config.problem import SpecError
from harness.config.sequence_file import SequenceFile, TrainingSettings
from harness.data.location import DataFolders


@dataclass(frozen=True)
class RunOptions:
    """What the command line sets beside the sequence file.

    Attributes:
        replace: Write over a leaderboard that holds more, too.
        limit: Train on and score at most this many rows per task; the leaderboard says so.
        seeds: In place of the file's.
        added_seeds: Besides those.
        workers: Stages that are trained at the same time; None: as suits the machine.
        processes: Training processes of one stage (one for each device).
        resume_minutes: Minutes of training between two resume points.
        stall_minutes: A worker is ended when it neither reports nor computes for so long.
        stop_seconds: How long a running step may take to save a resume point after a signal.
        discard_target_weights: Whether the weights of targets go once nothing of the plan needs them.
        profile: Where and with what the steps are carried out.
    """

    store: Path
    leaderboards: Path
    data_dir: DataFolders = None
    limit: int | None = None
    seeds: Sequence[int] | None = None
    added_seeds: Sequence[int] = ()
    deepspeed: DeepSpeedFile | None = None
    workers: int | None = None
    processes: int = 1
    resume_minutes: float = 1.0
    stall_minutes: float = 10.0
    stop_seconds: float = 20.0
    discard_target_weights: bool = False
    profile: ExecutorProfile = LOCAL
    reported: Path | None = None
    note: str | None = None
    replace: bool = False

    def board_name(self, name: str) -> str:
        """Return the name of the leaderboard of a sequence: a trial's is another."""
        if self.limit is None:
            return name
        ending = f"-trial-{self.limit}"
        return f"{name[: 64 - len(ending)].rstrip('-')}{ending}"

    def apply(self, loaded: LoadedSequence) -> LoadedSequence:
        """Return the sequence file as this run sees it.

        Raises:
            SpecError: `deepspeed` fixes other values than the sequence file has.
        """
        spec = loaded.spec
        if self.limit is not None:
            spec = _limited(spec, self.limit)
        seeds = (*(spec.seeds if self.seeds is None else self.seeds), *self.added_seeds)
        spec = spec.model_copy(update={"seeds": tuple(dict.fromkeys(seeds))})
        if self.deepspeed is not None:
            problems = agreement_problems(self.deepspeed, spec.stage_settings())
            if problems:
                raise SpecError(problems)
        return replace(loaded, spec=spec, deepspeed=self.deepspeed or loaded.deepspeed)

    def command(self, sequence: str) -> str:
        """Return the command that repeats this run; folders of this machine are left out."""
        words = ["xstilts run", shlex.quote(sequence)]
        if self.data_dir:
            words.append("--data-dir DATA")
        if self.limit is not None:
            words.append(f"--limit {self.limit}")
        if self.seeds is not None:
            words.append(f"--seeds {','.join(map(str, self.seeds))}")
        if self.added_seeds:
            words.append(f"--add-seeds {','.join(map(str, self.added_seeds))}")
        if self.deepspeed is not None:
            words.append(f"--deepspeed {shlex.quote(self.deepspeed.name)}")
        if self.processes > 1:
            words.append(f"--processes {self.processes}")
        return " ".join(words)


def _limited(spec: SequenceFile, limit: int) -> SequenceFile:
    def rows(settings: Hyperparameters) -> int:
        return min(settings.train_rows or limit, limit)

    training = TrainingSettings.model_validate(
        spec.training.model_dump(exclude={"per_task"})
        | {
            "train_rows": rows(spec.training),
            "per_task": {
                task: {**overrides, "train_rows": rows(spec.hyperparameters(task))}
                for task, overrides in spec.training.per_task.items()
            },
        }
    )
    evaluation = spec.evaluation.model_copy(update={"limit": min(spec.evaluation.limit or limit, limit)})
    return spec.model_copy(update={"training": training, "evaluation": evaluation})
