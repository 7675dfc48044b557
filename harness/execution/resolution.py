"""A plan with everything that its digests need: the model, the data, and so each stage's identity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.config.evaluation_task import EvaluationTask
from harness.config.hyperparameters import Precision
from harness.data.evaluation_rows import EvaluationRows
from harness.data.lock import read_lock
from harness.data.rows import TrainingRows, load_held_out_rows
from harness.execution.leakage import Leakage, drop_leaked, find_leakage
from harness.execution.rows import evaluation_rows, training_rows
from harness.kinds.registry import text_form
from harness.models.references import PretrainedModel, resolve_model
from harness.plan.content import StageContent, stage_content
from harness.plan.identity import (
    MemberIdentity,
    evaluation_digest,
    mixture_digest,
    retention_digest,
    root_digest,
    stage_digest,
)
from harness.plan.kept_heads import KeptHead, kept_heads
from harness.plan.sampling import epoch_examples
from harness.plan.stage import Stage
from harness.plan.tree import Plan

_RECIPE_LENGTH = 16


@dataclass(frozen=True)
class Resolution:
    """A plan whose model and data are at hand.

    Attributes:
        training: Training task -> its rows.
        evaluation: Leaf evaluation task -> the rows that it scores.
        digests: Stage -> digest.
        evaluation_digests: Target stage -> digest of its evaluation.
        leakage: What training and evaluation sets have in common, before rows were dropped.
        held_out: Training task -> its held-out rows, those at hand, where forgetting is to be measured.
        retention_digests: Stage -> digest of measuring the tasks of the stages up to it; empty where
            forgetting is not to be measured.
    """

    plan: Plan
    data_dir: Path | None
    model: PretrainedModel
    training: Mapping[str, TrainingRows]
    evaluation: Mapping[str, EvaluationRows]
    digests: Mapping[Stage, str]
    evaluation_digests: Mapping[Stage, str]
    leakage: Leakage
    held_out: Mapping[str, TrainingRows]
    retention_digests: Mapping[Stage, str]

    def leaves(self, stage: Stage) -> tuple[EvaluationTask, ...]:
        """The evaluation tasks that score a target stage, or a few-shot stage after it."""
        return self.plan.loaded.evaluations[stage.task]

    def samples(self, stage: Stage) -> int:
        """How many examples the stage will be trained on, repetitions counted."""
        content = self.content(stage)
        settings = content.settings
        if settings.steps:
            return settings.steps * settings.batch_size
        rows = {}
        for name in content.tasks:
            there = len(self.training[name].dataset)
            rows[name] = min(there, content.own[name].train_rows or there)
        epoch = epoch_examples(content.mixture.sampling, rows) if content.mixture else sum(rows.values())
        return round(epoch * settings.epochs)

    def content(self, stage: Stage) -> StageContent:
        """Return what a stage trains on."""
        return stage_content(self.plan.loaded, stage)

    def kept_heads(self, stage: Stage) -> dict[str, KeptHead]:
        """Return the heads of earlier stages that a stage goes on with, by the name of its rows."""
        return kept_heads(self.plan.loaded, stage)

    def before(self, stage: Stage) -> tuple[Stage, ...]:
        """Return the stages whose encoder or head a stage starts from."""
        heads = [kept.stage for kept in self.kept_heads(stage).values()]
        return tuple(dict.fromkeys((*([stage.parent] if stage.parent else []), *heads)))

    def recipe(self, stage: Stage) -> str:
        """Return a digest of a stage's own data and settings, whatever the seed and the stages before it."""
        kept = dict.fromkeys(self.kept_heads(stage), "kept")
        content = self.content(stage)
        members = _members(content, self.training, kept, self.model.is_text_to_text)
        return _stage_digest("", members, content, 0)[:_RECIPE_LENGTH]

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

    Rows that are also evaluation rows are refused, or dropped where the sequence file says so. What is
    dropped enters a stage's digest as everything of its rows does, by the fingerprint of those that are left.

    Raises:
        UserError: The model or some rows cannot be had, or are not those of the lock.
        UnsuitedKindError: The model cannot be trained on one of the tasks.
        OverlapError: Training rows are also evaluation rows, and the sequence file does not drop them.
    """
    spec = plan.loaded.spec
    lock = read_lock(plan.loaded.path)
    model = resolve_model(spec.model, spec.revision, spec.trust_remote_code)
    if model.is_text_to_text:
        # Before any rows are fetched; a hub model's kind was not known when the file was checked.
        for task in plan.loaded.tasks.values():
            text_form(task)
    if lock is not None:
        lock.check_model(spec.model, model.fingerprint)
    training = training_rows(plan.tasks, data_dir, lock)
    evaluation = evaluation_rows(plan.loaded, data_dir, lock)
    leakage = find_leakage(plan, training, evaluation, data_dir)
    if spec.overlap == "drop":
        training = drop_leaked(plan, training, leakage)
    else:
        leakage.refuse()
    digests = _stage_digests(plan, model, training)
    held_out = _held_out_rows(plan, data_dir, training)
    return Resolution(
        plan=plan,
        data_dir=data_dir,
        model=model,
        training=training,
        evaluation=evaluation,
        digests=digests,
        evaluation_digests=_evaluation_digests(plan, digests, evaluation),
        leakage=leakage,
        held_out=held_out,
        retention_digests=_retention_digests(plan, digests, held_out),
    )


def _held_out_rows(
    plan: Plan, data_dir: Path | None, training: Mapping[str, TrainingRows]
) -> dict[str, TrainingRows]:
    if not plan.loaded.spec.forgetting:
        return {}
    tasks = plan.tasks
    found = {
        name: load_held_out_rows(tasks[name], data_dir=data_dir, trained=rows.labels)
        for name, rows in training.items()
    }
    return {name: rows for name, rows in found.items() if rows is not None}


def _retention_digests(
    plan: Plan, digests: Mapping[Stage, str], held_out: Mapping[str, TrainingRows]
) -> dict[Stage, str]:
    found = {}
    for stage in plan.stages:
        heads = [
            (digests[before], held_out[before.task].fingerprint)
            for before in stage.line()
            if before.task in held_out
        ]
        if heads:
            found[stage] = retention_digest(digests[stage], heads)
    return found


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
        if stage.is_evaluated
    }


def _stage_digests(
    plan: Plan, model: PretrainedModel, training: Mapping[str, TrainingRows]
) -> dict[Stage, str]:
    root = root_digest(model.fingerprint, plan.loaded.spec.trust_remote_code)
    digests: dict[Stage, str] = {}
    for stage in plan.stages:
        parent = digests[stage.parent] if stage.parent else root
        content = stage_content(plan.loaded, stage)
        heads = {
            name: digests[kept.stage] + (f" {kept.task}" if kept.task else "")
            for name, kept in kept_heads(plan.loaded, stage).items()
        }
        members = _members(content, training, heads, model.is_text_to_text)
        digests[stage] = _stage_digest(parent, members, content, stage.seed)
    return digests


def _members(
    content: StageContent, training: Mapping[str, TrainingRows], heads: Mapping[str, str], text_to_text: bool
) -> list[MemberIdentity]:
    return [
        MemberIdentity(
            name,
            task,
            training[name].fingerprint,
            content.own[name],
            heads.get(name),
            text_form(task).format if text_to_text else None,
        )
        for name, task in content.tasks.items()
    ]


def _stage_digest(parent: str, members: Sequence[MemberIdentity], content: StageContent, seed: int) -> str:
    if content.mixture is not None:
        return mixture_digest(parent, members, content.mixture.sampling, content.settings, seed)
    (only,) = members
    return stage_digest(
        parent, only.task, only.data_fingerprint, content.settings, seed, only.kept_head, only.text_format
    )
