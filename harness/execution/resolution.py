"""A plan with everything that its digests need: the model, the data, and so each stage's identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.data.evaluation_rows import EvaluationRows, load_evaluation_rows
from harness.data.lock import Lock, read_lock
from harness.data.rows import TrainingRows, load_training_rows
from harness.plan.identity import (
    MemberIdentity,
    evaluation_digest,
    mixture_digest,
    root_digest,
    stage_digest,
)
from harness.plan.sampling import epoch_examples
from harness.plan.stage import Stage
from harness.plan.tree import Plan
from harness.spec.evaluation_task import EvaluationTask
from harness.spec.hyperparameters import Precision
from harness.training.pretrained import PretrainedModel, resolve_model


@dataclass(frozen=True)
class Resolution:
    """A plan whose model and data are at hand.

    Attributes:
        training: Training task -> its rows.
        evaluation: Leaf evaluation task -> the rows that it scores.
        digests: Stage -> digest.
        evaluation_digests: Target stage -> digest of its evaluation.
    """

    plan: Plan
    data_dir: Path | None
    model: PretrainedModel
    training: Mapping[str, TrainingRows]
    evaluation: Mapping[str, EvaluationRows]
    digests: Mapping[Stage, str]
    evaluation_digests: Mapping[Stage, str]

    def leaves(self, stage: Stage) -> tuple[EvaluationTask, ...]:
        """The evaluation tasks that score a target stage."""
        return self.plan.loaded.evaluations[stage.task]

    def samples(self, stage: Stage) -> int:
        """How many examples the stage will be trained on, repetitions counted."""
        spec = self.plan.loaded.spec
        settings = spec.hyperparameters(stage.task)
        if settings.steps:
            return settings.steps * settings.batch_size
        rows = {name: self._rows_used(stage.task, name) for name in spec.members(stage.task)}
        mixture = spec.mixtures.get(stage.task)
        epoch = epoch_examples(mixture.sampling, rows) if mixture else rows[stage.task]
        return round(epoch * settings.epochs)

    def _rows_used(self, stage: str, task: str) -> int:
        rows = len(self.training[task].dataset)
        settings = self.plan.loaded.spec.member_hyperparameters(stage, task)
        return min(rows, settings.train_rows or rows)

    def items(self, stage: Stage) -> int:
        """How many items the stage's evaluation scores."""
        limit = self.plan.loaded.spec.evaluation.limit
        counts = [len(self.evaluation[task.name].dataset) for task in self.leaves(stage)]
        return sum(min(count, limit or count) for count in counts)


def evaluation_precision(plan: Plan, target: str) -> Precision:
    """Return the number format in which checkpoints of a target are scored."""
    spec = plan.loaded.spec
    return spec.evaluation.precision or spec.hyperparameters(target).precision


def resolve(plan: Plan, data_dir: Path | None) -> Resolution:
    """Find the model and all rows, check them against the lock, and give everything its digest.

    Raises:
        UserError: The model or some rows cannot be had, or are not those of the lock.
    """
    spec = plan.loaded.spec
    lock = read_lock(plan.loaded.path)
    model = resolve_model(spec.model, spec.revision, spec.trust_remote_code)
    if lock is not None:
        lock.check_model(spec.model, model.fingerprint)
    training = _training_rows(plan, data_dir, lock)
    evaluation = _evaluation_rows(plan, data_dir, lock)
    digests = _stage_digests(plan, model, training)
    return Resolution(
        plan, data_dir, model, training, evaluation, digests, _evaluation_digests(plan, digests, evaluation)
    )


def _training_rows(plan: Plan, data_dir: Path | None, lock: Lock | None) -> dict[str, TrainingRows]:
    rows = {}
    for name in plan.tasks:
        revision = lock.revision(name) if lock else None
        rows[name] = load_training_rows(plan.loaded.tasks[name], data_dir=data_dir, revision=revision)
        if lock is not None:
            lock.check(name, rows[name])
    return rows


def _evaluation_rows(plan: Plan, data_dir: Path | None, lock: Lock | None) -> dict[str, EvaluationRows]:
    split = plan.loaded.spec.evaluation.split
    rows = {}
    for task in dict.fromkeys(task for leaves in plan.loaded.evaluations.values() for task in leaves):
        rows[task.name] = load_evaluation_rows(task.corpus, task.language, split=split, data_dir=data_dir)
        if lock is not None:
            lock.check(task.name, rows[task.name])
    return rows


def _evaluation_digests(
    plan: Plan, digests: Mapping[Stage, str], evaluation: Mapping[str, EvaluationRows]
) -> dict[Stage, str]:
    settings = plan.loaded.spec.evaluation
    fingerprints = {name: rows.fingerprint for name, rows in evaluation.items()}
    return {
        stage: evaluation_digest(
            digests[stage],
            plan.loaded.evaluations[stage.task],
            fingerprints,
            settings.split,
            settings.limit,
            evaluation_precision(plan, stage.task),
        )
        for stage in plan.stages
        if stage.role == "target"
    }


def _stage_digests(
    plan: Plan, model: PretrainedModel, training: Mapping[str, TrainingRows]
) -> dict[Stage, str]:
    spec = plan.loaded.spec
    root = root_digest(model.fingerprint, spec.trust_remote_code)
    digests: dict[Stage, str] = {}
    for stage in plan.stages:
        parent = digests[stage.parent] if stage.parent else root
        digests[stage] = _stage_digest(plan, stage, parent, training)
    return digests


def _stage_digest(plan: Plan, stage: Stage, parent: str, training: Mapping[str, TrainingRows]) -> str:
    loaded, spec = plan.loaded, plan.loaded.spec
    settings = spec.hyperparameters(stage.task)
    if stage.task not in spec.mixtures:
        task, rows = loaded.tasks[stage.task], training[stage.task]
        return stage_digest(parent, task, rows.fingerprint, settings, stage.seed)
    members = [
        MemberIdentity(name, task, training[name].fingerprint, spec.member_hyperparameters(stage.task, name))
        for name, task in loaded.members(stage.task).items()
    ]
    return mixture_digest(parent, members, spec.mixtures[stage.task].sampling, settings, stage.seed)
