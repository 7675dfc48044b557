"""What a leaderboard is made from: rows of seeds with their scores, the data used, and the provenance."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness.config.contrasts import Contrasts
from harness.errors import UserError
from harness.frozen_model import FrozenModel
from harness.message_text import in_short
from harness.results.curves import StageCurve
from harness.results.data_use import DataUse, SharedRows
from harness.results.held_out import HeldOutScores
from harness.results.kept_files import KeptFiles
from harness.results.settings import Compute, Scoring, StageSettings
from harness.results.shown_name import ShownName
from harness.results.target_metric import TargetMetric

Score = Annotated[float, Field(allow_inf_nan=False)]
ARROW = " → "
NAME = r"^[a-z0-9][a-z0-9-]{0,63}$"
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{1,128}$")]


class BoardNameError(UserError):
    """A leaderboard cannot have this name."""


class SeedResult(FrozenModel):
    """One sequence trained with one seed: its scores, why it failed, or that it was not run yet."""

    seed: int
    status: Literal["ok", "failed", "not run"]
    error: str | None = None
    stage_digest: Digest | None = None
    evaluation_digest: Digest | None = None
    scores: dict[str, Score] = Field({}, description="Evaluation task -> score by its headline metric.")
    secondary: dict[str, dict[str, Score]] = Field(
        {}, description="Other metric -> evaluation task -> score by it."
    )
    items: dict[str, int] = Field({}, description="Evaluation task -> number of items scored.")
    train_seconds: float = Field(0.0, ge=0, allow_inf_nan=False)
    notes: tuple[str, ...] = Field((), description="What was odd about the training of its stages.")
    weights: str | None = Field(None, description="sha256 over the checksums of the last stage's weights.")
    config_hash: tuple[str, ...] = Field(
        (), description="Of each stage a digest of its data and settings, alike for all seeds."
    )
    manifests: dict[str, str] = Field(
        {}, description="Place in the store -> sha256 of the manifest, of each stage and of the evaluation."
    )
    machines: tuple[int, ...] = Field((), description="Positions in the board's machines, where it has any.")
    part: int | None = Field(None, description="Position in the board's parts, where it has any.")
    forgetting: tuple[tuple[Score | None, ...], ...] = Field(
        (),
        description="Row j: held-out metric of each task up to the j-th after stage j; null without rows.",
    )

    @model_validator(mode="after")
    def _scores_and_items_belong_together(self) -> Self:
        if self.scores.keys() != self.items.keys():
            raise ValueError(f"seed {self.seed}: `scores` and `items` name different tasks")
        if self.status != "ok" and self.scores:
            raise ValueError(f"seed {self.seed}: {self.status}, yet it has scores")
        return self


class BoardRow(FrozenModel):
    """One sequence: intermediate tasks in order, then the target, with the result of each seed."""

    order: tuple[ShownName, ...] = Field(
        description="The intermediate tasks; empty is the target-only baseline."
    )
    target: ShownName
    seeds: tuple[SeedResult, ...]

    @property
    def sequence(self) -> str:
        """The sequence as it is shown everywhere, for example `rte → pawsx → xnli`."""
        return ARROW.join((*self.order, self.target))

    def seed(self, seed: int) -> SeedResult | None:
        """Return the result of `seed`, or None where it was never run."""
        return next((result for result in self.seeds if result.seed == seed), None)


class EvaluatedLanguage(FrozenModel):
    """One column: an evaluation task in one language of a corpus."""

    task: ShownName
    language: ShownName
    corpus: ShownName
    title: str | None = Field(None, description="The corpus's name in the literature.")


class Provenance(FrozenModel):
    """What is needed to make the leaderboard again."""

    command: str
    sequence_file: str
    sequence_sha256: str
    commit: str | None = None
    dirty: bool | None = None
    created: str = Field(description="ISO 8601 date or time; pages show its date.")
    packages: dict[str, str] = Field({})
    hardware: str
    deepspeed: str
    model: str
    model_revision: str | None = None
    model_fingerprint: str | None = None
    model_description: str | None = Field(None, description="The model in a line for people.")
    split: str = "test"
    splits: dict[str, str] = Field(
        {},
        exclude_if=lambda splits: not splits,
        description="Target -> the split that it was scored on, where that is not `split`.",
    )
    limited: int | None = Field(None, description="Items per task where only the first were scored.")
    trial: int | None = Field(None, description="Rows of each task that a trial was limited to (--limit).")

    def split_of(self, target: str) -> str:
        """Return the split that a target was scored on."""
        return self.splits.get(target, self.split)


class MachineRecord(FrozenModel):
    """Hardware and software that made a result."""

    hardware: str
    packages: dict[str, str]
    commit: str | None
    dirty: bool | None


class AnalysisPlan(FrozenModel):
    """What the sequence file declared of the analysis before there were results.

    Attributes:
        share: Whether sequences that begin alike share those stages.
        contrasts: The primary ones.
        equivalence_margin: Differences below so many points count as equivalent.
        planned_seeds: Seeds of the sequence file; None where that is not known.
        looks: Numbers of seeds at earlier publications under the same name.
    """

    share: Literal["prefixes", "none"] = "prefixes"
    contrasts: Contrasts = ("order",)
    equivalence_margin: float = Field(1.0, gt=0, le=100)
    planned_seeds: int | None = Field(None, ge=1)
    looks: tuple[Annotated[int, Field(ge=1)], ...] = ()


class Board(FrozenModel):
    """All results of one sequence file, or of several combined.

    Attributes:
        metrics: Target -> what it is scored by, the headline metric first.
        held_out_metrics: Training task -> its held-out metric, where forgetting was measured.
        machines: The different machines that made the results; none where all were made alike.
        parts: Where the board is a combination, how each board of it was made.
        curves: Learning curves of its stages; none where there are very many, or none were published.
        held_out: What the stages of each task reach right after their training, on its held-out rows.
    """

    name: str = Field(pattern=NAME, description="Also the name of its files.")
    title: str
    question: str | None = None
    note: str | None = Field(None, description="A remark of whoever published it.")
    rows: tuple[BoardRow, ...]
    languages: dict[ShownName, tuple[EvaluatedLanguage, ...]] = Field(description="Target -> its columns.")
    metrics: dict[ShownName, tuple[TargetMetric, ...]]
    seeds: tuple[int, ...] = Field(min_length=1)
    data: tuple[DataUse, ...] = ()
    overlap: tuple[SharedRows, ...] = Field((), description="Every pair of sets that was compared.")
    mixtures: dict[str, str] = Field({}, description="Mixture -> its tasks and how they are drawn, in words.")
    provenance: Provenance
    analysis: AnalysisPlan = AnalysisPlan()
    held_out_metrics: dict[str, TargetMetric] = Field({})
    machines: tuple[MachineRecord, ...] = ()
    parts: tuple[Provenance, ...] = ()
    settings: tuple[StageSettings, ...] = Field((), description="With what each stage is trained.")
    scoring: tuple[Scoring, ...] = Field((), description="How each target is scored.")
    compute: Compute | None = Field(None, description="What training and scoring took.")
    files: tuple[KeptFiles | None, ...] = Field(
        (), description="The files that the experiment is described by; of a combination those of each part."
    )
    not_measured: dict[str, str] = Field(
        {}, description="Task whose forgetting was asked for and not measured -> why."
    )
    curves: tuple[StageCurve, ...] = ()
    held_out: tuple[HeldOutScores, ...] = ()

    @model_validator(mode="after")
    def _rows_fit(self) -> Self:
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError("`seeds` holds a seed twice")
        if without := [target for target in self.languages if not self.metrics.get(target)]:
            raise ValueError(f"no metric is given for {', '.join(without)}")
        seen: set[str] = set()
        for row in self.rows:
            if row.sequence in seen:
                raise ValueError(f"two rows for the sequence {row.sequence}")
            seen.add(row.sequence)
            self._check_row(row)
        return self

    def _check_row(self, row: BoardRow) -> None:
        if row.target not in self.languages:
            raise ValueError(f"{row.sequence}: no languages are given for the target {row.target}")
        tasks = {column.task for column in self.languages[row.target]}
        own = [result.seed for result in row.seeds]
        if len(set(own)) != len(own) or not set(own) <= set(self.seeds):
            raise ValueError(f"{row.sequence}: its seeds {own} are not among {list(self.seeds)}, each once")
        for result in row.seeds:
            self._check_scores(row, result, tasks)
            measured = [len(after) for after in result.forgetting]
            if measured and (measured != [*range(1, len(measured) + 1)] or len(measured) <= len(row.order)):
                raise ValueError(
                    f"{row.sequence}, seed {result.seed}: `forgetting` has not a row for each stage"
                )
            if any(not 0 <= place < len(self.machines) for place in result.machines):
                raise ValueError(f"{row.sequence}, seed {result.seed}: there is no such machine")
            if result.part is not None and not 0 <= result.part < len(self.parts):
                raise ValueError(f"{row.sequence}, seed {result.seed}: there is no such part")

    def _check_scores(self, row: BoardRow, result: SeedResult, tasks: set[str]) -> None:
        headline, *others = self.metrics[row.target]
        if extra := sorted(result.secondary.keys() - {metric.name for metric in others}):
            raise ValueError(f"{row.sequence}: scores by {extra}, which are no metrics of {row.target}")
        for metric in (headline, *others):
            scores = result.scores if metric is headline else result.secondary.get(metric.name, {})
            if extra := sorted(scores.keys() - tasks):
                raise ValueError(f"{row.sequence}: scores of {extra}, which are no columns of {row.target}")
            if metric.unit == "%" and not all(0 <= score <= 1 for score in scores.values()):
                raise ValueError(f"{row.sequence}, seed {result.seed}: {metric.name} is a share, 0 to 1")

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets, in the order of `languages`."""
        return tuple(self.languages)

    @property
    def trial_note(self) -> str | None:
        """What a trial left out, as a sentence; None where everything was scored."""
        made = self.provenance
        if made.limited is None:
            return None
        scored = f"only the first {made.limited:,} items of each task were scored"
        trained = "" if made.trial is None else f", and at most {made.trial:,} rows of each trained on"
        return f"{scored}{trained}. A trial, not a result."

    def scored_on(self, target: str) -> str:
        """Return what the checkpoints of a target are scored on: `XNLI test (de, en)`."""
        corpora: dict[str, list[str]] = {}
        for column in self.languages[target]:
            corpora.setdefault(column.title or column.corpus, []).append(column.language)
        split = self.provenance.split_of(target)
        return ", ".join(f"{title} {split} ({', '.join(codes)})" for title, codes in corpora.items())

    def trained_and_scored(self, target: str) -> str:
        """Return the target and what it is scored on: `trained on sick, scored on XNLI test (de, en)`."""
        trained = f"trained on {target}" if self.is_trained(target) else "not trained for it"
        return f"{trained}, scored on {self.scored_on(target)}"

    def is_trained(self, target: str) -> bool:
        """Return whether the target has training rows; else the encoder is scored as it is."""
        return all(one.trained for one in self.scoring if one.target == target)

    def rows_of(self, target: str) -> tuple[BoardRow, ...]:
        """Return the rows of one target, in the order given."""
        return tuple(row for row in self.rows if row.target == target)


def checked_name(name: str) -> str:
    """Return a name that a user chose for a leaderboard.

    Raises:
        BoardNameError: It is not one of lower-case letters, digits and hyphens.
    """
    if not re.fullmatch(NAME, name):
        raise BoardNameError(
            f"{in_short(name)} cannot be the name of a leaderboard: use at most 64 lower-case letters, "
            "digits and -, and no - in front"
        )
    return name
