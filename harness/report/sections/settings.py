"""With what everything was trained and scored, what it took, and which files describe it."""

from collections.abc import Iterator

from harness.message_text import how_many
from harness.report.blocks import Block, Bullets, Heading, Paragraph, Tabular
from harness.report.notation import EMPTY
from harness.report.publication import Publication
from harness.report.section import BoardSection, Nothing, Results
from harness.report.table import Table
from harness.results.board import Board
from harness.results.settings import Compute, StageSettings
from harness.training.job import EarlyStop

_IN_THE_TABLE = {
    *("learning_rate", "schedule", "warmup_ratio", "epochs", "steps", "batch_size", "precision"),
    *("max_length", "train_rows", "weight_decay", "head"),
}
_UNSHOWN = {"accumulation"}  # splits the work and changes no result


class SettingsSection(BoardSection[Nothing]):
    """A table of the settings of each task's stages, and how checkpoints were scored."""

    name, place, model = "settings", 1450, Nothing

    def compute(self, results: Results) -> Nothing | None:
        """Return nothing where there are settings: the board holds them."""
        return Nothing() if results.board.settings else None

    def blocks(self, data: Nothing, publication: Publication) -> Iterator[Block]:
        """Yield the settings, the scoring, the compute and the kept files."""
        board = publication.board
        yield Heading("Settings", 2)
        yield Tabular(_training(board.settings), "Settings of training")
        if others := list(_others(board.settings)):
            yield Bullets(tuple(others))
        if any(not one.from_manifests for one in board.settings):
            yield Paragraph(
                "These settings were not read from the manifests of the stages, which were not there: they "
                "are those of the kept sequence file, whose sha256 is the recorded one, and of training data "
                "with the fingerprints below."
            )
        yield Bullets(tuple(_scoring(board)))
        if board.compute is not None:
            yield Paragraph(_compute(board.compute), "Compute")
        if board.not_measured:
            named = "; ".join(f"{task}: {why}" for task, why in board.not_measured.items())
            yield Paragraph(f"Not measured, and in no mean: {named}.", "Forgetting")
        if any(board.files):
            yield Paragraph(_files(board), "Kept files")


def _training(settings: tuple[StageSettings, ...]) -> Table:
    headers = (
        *("task", "learning rate", "schedule", "warm-up", "epochs or steps", "batch size", "precision"),
        *("max. length", "weight decay", "head", "rows used", "of rows", "examples seen"),
    )
    rows = tuple(_row(one) for one in settings)
    return Table(headers, rows, frozenset({"task", "schedule", "precision", "head"}))


def _row(one: StageSettings) -> tuple[str, ...]:
    own = one.hyperparameters
    return (
        one.stage,
        f"{own.learning_rate:g}",
        own.schedule.value,
        f"{own.warmup_ratio:g}",
        how_many(own.steps, "step") if own.steps else f"{own.epochs:g} epoch{'' if own.epochs == 1 else 's'}",
        f"{own.batch_size:,}",
        own.precision.value,
        " / ".join(dict.fromkeys(str(member.max_length) for member in one.members)),
        f"{own.weight_decay:g}",
        own.head,
        " + ".join(f"{member.used:,}" for member in one.members) or EMPTY,
        " + ".join(f"{member.rows:,}" for member in one.members) or EMPTY,
        f"{one.samples:,}",
    )


def _others(settings: tuple[StageSettings, ...]) -> Iterator[str]:
    """Yield the settings without a column that are not as they are by default, with their stages."""
    found: dict[str, list[str]] = {}
    for one in settings:
        default = type(one.hyperparameters)()
        for key in type(one.hyperparameters).model_fields:
            value = getattr(one.hyperparameters, key)
            if key not in _IN_THE_TABLE | _UNSHOWN and value != getattr(default, key):
                found.setdefault(f"{key}: {value}", []).append(one.stage)
    for setting, stages in found.items():
        yield setting if len(stages) == len(settings) else f"{setting} ({', '.join(stages)})"
    for one in settings:
        dropped = sum(member.dropped for member in one.members)
        if dropped:
            yield f"{one.stage}: {dropped:,} rows left out, which are also evaluation rows"
        if one.early_stops:
            yield _early_stops(one.stage, one.early_stops)
        if one.skipped_steps and one.steps:
            yield (
                f"{one.stage}: {_range(list(one.skipped_steps))} of {one.steps:,} steps of a stage changed "
                "nothing, since a gradient exceeded fp16"
            )
        if one.nondeterministic:
            yield (
                f"{one.stage}: {how_many(one.nondeterministic, 'stage')} trained with an operation that has "
                "no deterministic form on that device, so that weights may differ another time"
            )


def _early_stops(stage: str, stops: tuple[EarlyStop, ...]) -> str:
    kept, ended = ([one.best_step for one in stops], [one.stopped_at for one in stops])
    early = sum(one.stopped_at < one.planned_steps for one in stops)
    return (
        f"{stage}: {early:,} of {how_many(len(stops), 'stage')} stopped early by held-out {stops[0].metric}; "
        f"trained to step {_range(ended)} of {stops[0].planned_steps:,}, weights kept of step {_range(kept)}"
    )


def _range(steps: list[int]) -> str:
    low, high = min(steps), max(steps)
    return f"{low:,}" if low == high else f"{low:,} to {high:,} (mean {sum(steps) / len(steps):,.0f})"


def _scoring(board: Board) -> Iterator[str]:
    for one in board.scoring:
        counts = set(one.items.values())
        each = f"{counts.pop():,} items in each" if len(counts) == 1 else f"{sum(one.items.values()):,} items"
        yield f"{board.trained_and_scored(one.target)}, in {one.precision}, {each}"


def _compute(compute: Compute) -> str:
    flops = f", about {compute.flops:.2e} FLOPs" if compute.flops else ""
    return (
        f"{compute.device_seconds / 3600:.3g} device-hours for {compute.stages:,} stages and "
        f"{compute.evaluations:,} evaluations, each counted once ({', '.join(compute.devices)}); "
        f"{compute.tokens:,} tokens trained on{flops}."
    )


def _files(board: Board) -> str:
    kept = [files for files in board.files if files is not None]
    tasks = list(dict.fromkeys(name for files in kept for name in files.tasks))
    own = f", own task files ({', '.join(tasks)})" if tasks else ""
    lock = ", the lock" if any(files.lock for files in kept) else ""
    return (
        f"the sequence file{own}, the DeepSpeed configuration{lock} are in {board.name}.json under "
        "board.files; xstilts reproduce takes them from there, so that they may be edited or moved."
    )


SETTINGS = SettingsSection()
