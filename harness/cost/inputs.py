"""What an estimate of cost needs to know of the data: rows, tokens and evaluated items."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.config.load import LoadedSequence
from harness.config.model_family import seems_text_to_text
from harness.cost.estimate import Size
from harness.cost.hub_models import architecture
from harness.data.location import DataFolders
from harness.errors import UserError
from harness.kinds.registry import TrainingTask, kind_of, may_hold_any_token, text_form
from harness.kinds.text_form import joined
from harness.named_path import is_file, user_path
from harness.planning.sampling import epoch_examples, sampling_rates
from harness.training.manifest import StageManifest

if TYPE_CHECKING:
    from datasets import Dataset

_TOKENS_PER_TEXT = 25
_CHARACTERS_PER_TOKEN = 4
_SAMPLED_ROWS = 2_000


@dataclass(frozen=True)
class _Counting:
    """How the tokens of an input are counted.

    Attributes:
        count: A text, and for pairs another -> tokens.
        exact: Whether it is what the model's tokenizer makes of them.
        joins: Whether the model reads a row as one text (text-to-text models).
        tokens_per_word_piece: Tokens for what others take for one.
    """

    count: Callable[[str, str | None], int]
    exact: bool
    joins: bool
    tokens_per_word_piece: int


class UnknownRowsError(UserError):
    """How many rows a task has cannot be told."""


@dataclass(frozen=True)
class CostInputs:
    """What is known of the data, and how.

    Attributes:
        sizes: Training task or mixture -> its size.
        items: Target -> items that score one of its checkpoints, over all languages.
        sources: Where these numbers come from, one line each.
    """

    sizes: dict[str, Size]
    items: dict[str, int]
    sources: tuple[str, ...]


def cost_inputs(
    loaded: LoadedSequence, data_dir: DataFolders, measured: Iterable[StageManifest] = ()
) -> CostInputs:
    """Find out the sizes of a sequence file's tasks.

    Rows: those available below the data folder or in the embedded corpus, else the published number. Tokens:
    as finished stages of the same model and length had them, else of up to 2,000 available rows by the
    model's tokenizer, else a quarter of the characters, else 25 for each text.

    Raises:
        UnknownRowsError: the rows are neither available nor is their number published.
        UserError: the rows available are faulty.
    """
    tokens = _measured_tokens(loaded, measured)
    tokenizer = _tokenizer(loaded.model)
    sizes, sources = {}, []
    alone = {*loaded.spec.intermediates, *loaded.spec.targets}
    needed = set(_rows_that_count(loaded))
    found = {
        name: (0, "none (it is not trained)", None)
        if name in loaded.untrained
        else _rows(task, data_dir, name in needed)
        for name, task in loaded.tasks.items()
    }
    for name, (rows, rows_from, dataset) in found.items():
        if name in alone:
            task, longest = loaded.tasks[name], loaded.spec.hyperparameters(name).max_length
            mean, tokens_from = tokens.get(name) or _estimated_tokens(task, dataset, tokenizer, longest)
            sizes[name] = Size(
                rows, mean, len(task.labels), may_hold_any_token([task], loaded.spec.trust_remote_code)
            )
            sources.append(f"{name}: rows {rows_from}; tokens {tokens_from}")
    for name in loaded.spec.mixtures:
        sizes[name] = _mixed_size(loaded, name, found, tokenizer)
        sources.append(f"{name}: " + ", ".join(f"{task} {found[task][1]}" for task in loaded.members(name)))
    items, uncounted = _items(loaded)
    return CostInputs(sizes, items, (*sources, *uncounted))


def _rows_that_count(loaded: LoadedSequence) -> Iterator[str]:
    """Yield the tasks whose number of rows decides how much is trained: not where `steps` are given."""
    spec = loaded.spec
    for name in (*spec.intermediates, *spec.targets):
        mixture = spec.mixtures.get(name)
        if spec.hyperparameters(name).steps is None or (mixture and mixture.sampling.weights is None):
            yield from spec.members(name)


def _mixed_size(
    loaded: LoadedSequence,
    name: str,
    found: "Mapping[str, tuple[int, str, Dataset | None]]",
    tokenizer: _Counting,
) -> Size:
    """Return the size of a mixture: the examples of an epoch, the mean over what is drawn, all labels."""
    sampling, tasks = loaded.spec.mixtures[name].sampling, loaded.members(name)
    settings = {task: loaded.spec.member_hyperparameters(name, task) for task in tasks}
    rows = {task: min(found[task][0], settings[task].train_rows or found[task][0]) for task in tasks}
    rates = sampling_rates(sampling, rows)
    tokens = {
        name: _estimated_tokens(task, found[name][2], tokenizer, settings[name].max_length)[0]
        for name, task in tasks.items()
    }
    return Size(
        epoch_examples(sampling, rows),
        sum(rates[task] * tokens[task] for task in tasks),
        sum(len(task.labels) for task in tasks.values()),
        may_hold_any_token(tasks.values(), loaded.spec.trust_remote_code),
    )


def _rows(task: TrainingTask, data_dir: DataFolders, needed: bool) -> "tuple[int, str, Dataset | None]":
    from harness.data.rows import load_training_rows
    from harness.data.sources.layouts import find_layout

    if all(find_layout(part.layouts, data_dir) is not None for part in task.all_sources):
        rows = load_training_rows(task, data_dir=data_dir)
        return len(rows.dataset), f"from {rows.source}", rows.dataset
    if task.expected_rows is not None:
        return task.expected_rows, "as published", None
    if task.sources.embedded is not None:
        rows = load_training_rows(task, data_dir=None)
        return len(rows.dataset), f"from {rows.source}", rows.dataset
    if not needed:
        return 1, "not available (steps are given)", None
    raise UnknownRowsError(
        f"training task {task.name!r}: its rows are not available and its file names no expected_rows, so "
        "its cost is not known; name the data folder by --data-dir, add expected_rows, or set steps"
    )


def _estimated_tokens(
    task: TrainingTask,
    dataset: "Dataset | None",
    tokenizer: _Counting,
    longest: int,
) -> tuple[float, str]:
    if dataset is None or "text_a" not in dataset.column_names:
        text = _TOKENS_PER_TEXT * tokenizer.tokens_per_word_piece
        assumed = kind_of(task).assumed_tokens(task, text, longest, joined=tokenizer.joins)
        return assumed, f"assumed ({text} a text)"
    step = max(1, len(dataset) // _SAMPLED_ROWS)
    rows = dataset.select(range(0, len(dataset), step))
    exact = "of" if tokenizer.exact else "from the characters of"
    texts: Iterable[tuple[str, str | None]] = zip(rows["text_a"], rows["text_b"], strict=True)
    if tokenizer.joins:
        marks, found = text_form(task).inputs(rows[:])
        texts = ((joined(marks, one), None) for one in found)
    lengths = [min(tokenizer.count(a, b), longest) for a, b in texts]
    return sum(lengths) / len(lengths), f"{exact} {len(rows):,} rows"


def _from_characters(text: str, other: str | None) -> int:
    return 3 + (len(text) + len(other or "")) // _CHARACTERS_PER_TOKEN


def _from_bytes(text: str, other: str | None) -> int:
    return len(text.encode()) + 1


def _tokenizer(model: str) -> _Counting:
    """Return how the tokens of a model's inputs are counted."""
    joins, exact = seems_text_to_text(model), _exact_count(model)
    if joins and architecture(model).reads_bytes:
        return _Counting(_from_bytes, True, True, _CHARACTERS_PER_TOKEN)
    return _Counting(exact or _from_characters, exact is not None, joins, 1)


def _exact_count(model: str) -> Callable[[str, str | None], int] | None:
    """Return a function that counts the tokens of an input; None where no tokenizer.json is available."""
    from tokenizers import Tokenizer

    if model.startswith("embedded:"):
        from harness.embedded.encoder import EMBEDDED_ENCODERS

        loaded: Any = Tokenizer.from_buffer(
            EMBEDDED_ENCODERS[model.removeprefix("embedded:")].tokenizer.read()
        )
    else:
        file = user_path(model) / "tokenizer.json"
        if not is_file(file):
            return None
        loaded = Tokenizer.from_file(str(file))
    loaded.no_padding()
    loaded.no_truncation()
    return lambda text, other: len(loaded.encode(text, other).ids)


def _measured_tokens(
    loaded: LoadedSequence, measured: Iterable[StageManifest]
) -> Mapping[str, tuple[float, str]]:
    spec, sums = loaded.spec, dict[str, tuple[int, int]]()
    for stage in measured:
        if stage.model != spec.model or stage.task not in loaded.tasks:
            continue
        if stage.hyperparameters.max_length == spec.hyperparameters(stage.task).max_length:
            tokens, samples = sums.get(stage.task, (0, 0))
            sums[stage.task] = (tokens + stage.result.tokens, samples + stage.result.samples)
    return {name: (tokens / samples, "of stages in the store") for name, (tokens, samples) in sums.items()}


def _items(loaded: LoadedSequence) -> tuple[dict[str, int], list[str]]:
    settings, items, uncounted = loaded.spec.evaluation, dict[str, int](), list[str]()
    for target, leaves in loaded.evaluations.items():
        split = settings.split_of(target)
        rows = [leaf.corpus.expected_rows(leaf.language, split) for leaf in leaves]
        unknown = [leaf.name for leaf, count in zip(leaves, rows, strict=True) if count is None]
        if unknown:
            uncounted.append(
                f"scoring {target}: not counted (the number of items of {unknown[0]} is not known)"
            )
            continue
        items[target] = sum(min(count, settings.limit or count) for count in rows if count is not None)
    return items, uncounted
