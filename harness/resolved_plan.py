"""A plan with everything that its digests need: the model, the data, and so each stage's identity."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.config.evaluation_task import EvaluationTask
from harness.config.hyperparameters import Precision
from harness.config.sequence_file import SequenceFile
from harness.data.evaluation_rows import EvaluationRows
from harness.data.leakage import Leakage, drop_leaked, find_leakage
from harness.data.location import DataFolders, as_folders
from harness.data.lock import read_lock
from harness.data.locked_rows import all_rows
from harness.data.rows import TrainingRows, load_held_out_rows, stopping_rows
from harness.kinds.registry import text_form
from harness.models.checks import check_architecture, check_folder
from harness.models.references import ModelRef, ResolvedModel, resolve_model
from harness.planning.content import StageContent, not_measured, stage_content
from harness.planning.heads import HeadRef, reused_heads
from harness.planning.identity import (
    MemberIdentity,
    encoder_digest,
    evaluation_digest,
    forgetting_digest,
    stage_digest,
)
from harness.planning.sampling import epoch_examples
from harness.planning.stage import Stage
from harness.planning.tree import Plan

_HASH_LENGTH = 16


@dataclass(frozen=True)
class ResolvedPlan:
    """A plan whose model and data are available.

    Attributes:
        training: Training task -> its rows.
        evaluation: Leaf evaluation task -> the rows that it scores.
        digests: Stage -> digest; where nothing is trained, that of the encoder which is scored.
        evaluation_digests: Target stage -> digest of its evaluation.
        leakage: What training and evaluation sets have in common, before rows were dropped.
        held_out: Training task -> its held-out rows, those available, where forgetting is to be measured.
        early_stopping: Training task -> fingerprint of the held-out rows that decide when its stages end.
        forgetting_digests: Stage -> digest of measuring the tasks of the stages up to it; empty where
            forgetting is not to be measured.
    """

    plan: Plan
    data_dir: DataFolders
    model: ResolvedModel
    training: Mapping[str, TrainingRows]
    evaluation: Mapping[str, EvaluationRows]
    digests: Mapping[Stage, str]
    evaluation_digests: Mapping[Stage, str]
    leakage: Leakage
    held_out: Mapping[str, TrainingRows]
    early_stopping: Mapping[str, str]
    forgetting_digests: Mapping[Stage, str]

    @property
    def not_measured(self) -> dict[str, str]:
        """The tasks whose forgetting is asked for and not measured, and why."""
        spec = self.plan.loaded.spec
        reasons = not_measured(self.plan.loaded)
        for name in (*spec.intermediates, *spec.targets) if spec.forgetting else ():
            if name not in self.held_out and name not in reasons:
                reasons[name] = "its held-out rows are not available; name their folder by --data-dir"
        return reasons

    def leaves(self, stage: Stage) -> tuple[EvaluationTask, ...]:
        """The evaluation tasks that score a target stage, or a few-shot stage after it."""
        return self.plan.loaded.evaluations[stage.task]

    def samples(self, stage: Stage) -> int:
        """How many examples the stage will be trained on, repetitions counted."""
        content = self.content(stage)
        settings = content.settings
        if not stage.is_trained:
            return 0
        if settings.steps:
            return settings.steps * settings.batch_size
        rows = {}
        for member in content.members:
            available = len(self.training[member.name].dataset)
            rows[member.name] = min(available, member.settings.train_rows or available)
        return round(epoch_examples(content.sampling, rows) * settings.epochs)

    def content(self, stage: Stage) -> StageContent:
        """Return what a stage trains on."""
        return stage_content(self.plan.loaded, stage)

    def reused_heads(self, stage: Stage) -> dict[str, HeadRef]:
        """Return the heads of earlier stages that a stage reuses, by the name of its member."""
        return reused_heads(self.plan.loaded, stage)

    def dependencies(self, stage: Stage) -> tuple[Stage, ...]:
        """Return the stages whose encoder or head a stage starts from."""
        heads = [head.stage for head in self.reused_heads(stage).values()]
        return tuple(dict.fromkeys((*([stage.parent] if stage.parent else []), *heads)))

    def config_hash(self, stage: Stage) -> str:
        """Return a digest of a stage's own data and settings, whatever the seed and the stages before it."""
        heads = dict.fromkeys(self.reused_heads(stage), ("", 0))
        text_to_text = self.model.is_text_to_text
        content, held_out = self.content(stage), self.early_stopping
        return _stage_digest("", content, self.training, held_out, heads, text_to_text, 0)[:_HASH_LENGTH]

    def items(self, stage: Stage) -> int:
        """How many items the stage's evaluation scores."""
        limit = self.plan.loaded.spec.evaluation.limit
        counts = [len(self.evaluation[task.name].dataset) for task in self.leaves(stage)]
        return sum(min(count, limit or count) for count in counts)


def evaluation_precision(plan: Plan, target: str) -> Precision:
    """Return the number format in which checkpoints of a target are scored."""
    spec = plan.loaded.spec
    return spec.evaluation.precision or spec.hyperparameters(target).precision


def model_ref(spec: SequenceFile) -> ModelRef:
    """Return the model that a sequence file starts from."""
    return ModelRef(name=spec.model, revision=spec.revision, trust_remote_code=spec.trust_remote_code)


def resolve(plan: Plan, data_dir: DataFolders) -> ResolvedPlan:
    """Find the model and all rows, check them against the lock, and give everything its digest.

    Rows that are also evaluation rows are refused, or dropped where the sequence file says so. What is
    dropped enters a stage's digest as everything of its rows does, by the fingerprint of those that are left.

    Raises:
        UserError: The model or some rows cannot be had, or are not those of the lock.
        HeldOutUnavailableError: Stages are to be stopped by held-out rows that are not there.
        UnsuitedKindError: The model cannot be trained on one of the tasks.
        OverlapError: Training rows are also evaluation rows, and the sequence file does not drop them.
    """
    spec = plan.loaded.spec
    data_dir = plan.loaded.data_folders(as_folders(data_dir))
    lock = read_lock(plan.loaded.path, spec.name)
    model = resolve_model(model_ref(spec), plan.loaded.path.parent)
    kinds = tuple(dict.fromkeys(task.kind for task in plan.loaded.tasks.values()))
    if model.revision is None and not model.name.startswith("embedded:"):
        check_folder(model.ref.folder, spec.trust_remote_code, kinds)
    elif model.model_type is not None and not spec.trust_remote_code:
        check_architecture(model.name, model.model_type, kinds)
    if model.is_text_to_text:
        # Before any rows are fetched; a hub model's kind was not known when the file was checked.
        for task in plan.loaded.tasks.values():
            text_form(task)
    if lock is not None:
        lock.check_model(spec.model, model.fingerprint)
        lock.check_analysis(spec.analysis_digest)
    training, evaluation = all_rows(plan.tasks, plan.loaded, data_dir, lock)
    leakage = find_leakage(plan, training, evaluation, data_dir)
    if spec.overlap == "drop":
        training = drop_leaked(plan, training, leakage)
    else:
        leakage.refuse()
    early_stopping = _early_stopping(plan, data_dir, training)
    digests = _stage_digests(plan, model, training, early_stopping)
    held_out = _held_out_rows(plan, data_dir, training)
    return ResolvedPlan(
        plan=plan,
        data_dir=data_dir,
        model=model,
        training=training,
        evaluation=evaluation,
        digests=digests,
        evaluation_digests=_evaluation_digests(plan, digests, evaluation),
        leakage=leakage,
        held_out=held_out,
        early_stopping=early_stopping,
        forgetting_digests=_forgetting_digests(plan, digests, held_out),
    )


def _held_out_rows(
    plan: Plan, data_dir: DataFolders, training: Mapping[str, TrainingRows]
) -> dict[str, TrainingRows]:
    if not plan.loaded.spec.forgetting:
        return {}
    tasks = plan.tasks
    found = {
        name: load_held_out_rows(tasks[name], data_dir=data_dir, trained=rows.labels)
        for name, rows in training.items()
    }
    return {name: rows for name, rows in found.items() if rows is not None}


def _early_stopping(
    plan: Plan, data_dir: DataFolders, training: Mapping[str, TrainingRows]
) -> dict[str, str]:
    """Return the fingerprints of the held-out rows by which stages are stopped."""
    found: dict[str, str] = {}
    for stage in plan.stages:
        for member in stage_content(plan.loaded, stage).members:
            if member.settings.early_stopping is None or member.name in found:
                continue
            labels = training[member.name].labels
            rows = stopping_rows(member.task, data_dir=data_dir, trained=labels)
            found[member.name] = rows.fingerprint
    return found


def _forgetting_digests(
    plan: Plan, digests: Mapping[Stage, str], held_out: Mapping[str, TrainingRows]
) -> dict[Stage, str]:
    found = {}
    for stage in (stage for stage in plan.stages if stage.is_trained):
        heads = [
            (digests[before], held_out[before.task].fingerprint)
            for before in stage.lineage()
            if before.task in held_out
        ]
        if heads:
            found[stage] = forgetting_digest(digests[stage], heads)
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
            settings.split_of(stage.task),
            settings.limit,
            evaluation_precision(plan, stage.task),
        )
        for stage in plan.stages
        if stage.is_evaluated
    }


def _stage_digests(
    plan: Plan,
    model: ResolvedModel,
    training: Mapping[str, TrainingRows],
    held_out: Mapping[str, str],
) -> dict[Stage, str]:
    digests: dict[Stage, str] = {}
    for stage in plan.stages:
        if not stage.is_trained:
            digests[stage] = digests[stage.parent] if stage.parent else encoder_digest(model.identity)
            continue
        heads = {
            name: (digests[head.stage], head.member)
            for name, head in reused_heads(plan.loaded, stage).items()
        }
        digests[stage] = _stage_digest(
            digests[stage.parent] if stage.parent else model.identity,
            stage_content(plan.loaded, stage),
            training,
            held_out,
            heads,
            model.is_text_to_text,
            stage.training_seed,
        )
    return digests


def _stage_digest(
    parent: str,
    content: StageContent,
    training: Mapping[str, TrainingRows],
    held_out: Mapping[str, str],
    heads: Mapping[str, tuple[str, int]],
    text_to_text: bool,
    seed: int,
) -> str:
    weights = content.sampling.weights or {}
    members = [
        MemberIdentity(
            task=member.task,
            data_fingerprint=training[member.name].fingerprint,
            settings=member.settings,
            weight=weights.get(member.name),
            head=heads.get(member.name),
            text_format=text_form(member.task).format if text_to_text else None,
            held_out=held_out.get(member.name) if member.settings.early_stopping else None,
        )
        for member in content.members
    ]
    return stage_digest(parent, members, content.sampling, content.settings, seed)
