"""Writes the generated pages of docs/reference: every key of every file, and the command line.

`python docs/write_reference.py` writes them; tests/docs/test_reference.py says when they are out of date.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel

from harness.cli.main import COMMANDS, cli
from harness.config.corpus import CorpusFile
from harness.config.deepspeed_keys import KEYS, DeepSpeedKey, Effect
from harness.config.executor_profile import ExecutorProfile
from harness.config.sequence_file import SequenceFile
from harness.execution.executors.registry import EXECUTORS
from harness.kinds.registry import KINDS
from harness.kinds.task import Task
from harness.resources import shipped

FOLDER = Path(__file__).parent / "reference"
GENERATED = "<!-- Written by docs/write_reference.py; change the models, not this page. -->"
BUILT_IN_KINDS = (
    "classification",
    "multiple_choice",
    "regression",
    "span_extraction",
    "tagging",
    "masked_lm",
    "retrieval",
)
BUILT_IN_EXECUTORS = ("inline", "local", "slurm", "ray")
EFFECTS = {
    Effect.FREE: "free",
    Effect.SEQUENCE: "set by the sequence file",
    Effect.CHANGES: "refused, but for its usual value",
    Effect.REMOVED: "gone from DeepSpeed",
}


def pages() -> dict[str, str]:
    """Return file name -> text of every generated page."""
    return {
        "sequence-file.md": sequence_file(),
        "training-task.md": training_task(),
        "corpus.md": corpus(),
        "deepspeed.md": deepspeed(),
        "executor-profile.md": executor_profile(),
        "command-line.md": command_line(),
    }


def sequence_file() -> str:
    """Return the page of the sequence file."""
    return _page(
        "Sequence file",
        "A sequence file names a model, intermediate tasks, their orders, targets and seeds. "
        "`xstilts validate FILE` lists every problem of a file; `xstilts schema` prints the JSON Schema by which "
        "editors complete it. How to write one: [Write a sequence file](../how-to/write-a-sequence-file.md).",
        *_example(shipped("sequences") / "quickstart.yaml"),
        *_tables(SequenceFile),
    )


def training_task() -> str:
    """Return the page of the training task."""
    parts = [
        "A training task is one data set to train on: what kind it is, its columns and labels, and where its rows "
        "come from. How to write one: [Add a task](../how-to/add-a-task.md).",
        *_example(shipped("tasks") / "training" / "rte.yaml"),
        "## Keys of every kind",
        *_tables(Task, level=3, heading=False),
    ]
    for name in BUILT_IN_KINDS:
        model = KINDS.get(name).task_model
        own = {key for key in model.model_fields if key not in Task.model_fields}
        parts += [f"## Kind `{name}`", _first_line(model), *_tables(model, level=3, heading=False, only=own)]
    return _page("Training task", *parts)


def corpus() -> str:
    """Return the page of the corpus."""
    return _page(
        "Corpus",
        "A corpus is the evaluation rows of one task in several languages. Its evaluation tasks, PREFIX_LANGUAGE, "
        "and their group follow from it. The columns and labels of its kind stand beside these keys, as in a "
        "[training task](training-task.md). How to write one: [Add a corpus](../how-to/add-a-corpus.md).",
        *_example(shipped("tasks") / "evaluation" / "corpora" / "xnli.yaml"),
        *_tables(CorpusFile),
    )


def deepspeed() -> str:
    """Return the page of DeepSpeed files."""
    rows = [
        (f"`{key}`", ", ".join(known.values), EFFECTS[known.effect], _why(known))
        for key, known in _deepspeed_keys(KEYS)
    ]
    return _page(
        "DeepSpeed file",
        "A DeepSpeed file is DeepSpeed's own JSON. It says how a stage is spread over devices and memory, never "
        "what the stage learns: the sequence file does that, and a stage's digest covers it. So a key is *free*, or "
        "*set by the sequence file* (write `auto`, or the same value), or *refused* where it would change weights "
        "unseen. `xstilts list deepspeed` names the files that come with xstilts.",
        *_example(shipped("deepspeed_configs") / "zero2.json"),
        "## Keys",
        _table(("key", "values", "in xstilts", "why, or which key instead"), rows),
    )


def executor_profile() -> str:
    """Return the page of executor profiles."""
    parts = [
        "An executor profile says where the steps of a run are carried out, and with what. It lies in "
        "`~/.config/xstilts/executors/`, and `xstilts run FILE --executor NAME` takes its name or path. How to "
        "write one: [Slurm](../how-to/slurm.md), [Ray](../how-to/ray.md), [GPUs](../how-to/gpus.md).",
        *_example(shipped("executors") / "slurm-example.yaml"),
        *_tables(ExecutorProfile),
    ]
    for name in BUILT_IN_EXECUTORS:
        model = EXECUTORS.get(name).settings
        parts += [f"## Settings of `{name}`", *_tables(model, level=3, heading=False)]
    return _page("Executor profile", *parts)


def command_line() -> str:
    """Return the page of the command line."""
    context = click.Context(cli, info_name="xstilts")
    parts = ["`xstilts COMMAND --help` prints the same; `python -m harness` is the same command."]
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        parts += _command(command, f"xstilts {name}", 2)
    return _page("Command line", *parts)


def _command(command: click.Command, name: str, level: int) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    yield f"{'#' * level} {name}"
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{name} {pieces}\n```"
    yield " ".join((command.help or "").replace("\b", "").split())
    options = [
        (
            f"`{', '.join((*option.opts, *option.secondary_opts))}`",
            _value(option, context),
            _help(option, context),
        )
        for option in command.get_params(context)
        if isinstance(option, click.Option) and "--help" not in option.opts
    ]
    if options:
        yield _table(("option", "value", "meaning"), options)
    if isinstance(command, click.Group) and command.name != "lm-eval":
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from _command(found, f"{name} {inner}", level + 1)


def _value(option: click.Option, context: click.Context) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return ", ".join(f"`{choice}`" for choice in option.type.choices)
    if isinstance(option.type, click.IntRange | click.FloatRange):
        word = "integer" if isinstance(option.type, click.IntRange) else "number"
        low, high = option.type.min, option.type.max
        least = "" if low is None else f" {'>' if option.type.min_open else '≥'} {low:g}"
        return f"{word}{least}{'' if high is None else f', ≤ {high:g}'}"
    return str(option.make_metavar(context)).lower()


def _help(option: click.Option, context: click.Context) -> str:
    text = " ".join((option.help or "").split())
    if option.required:
        text = f"{text} Required."
    default = option.get_default(context, call=False)
    if option.show_default and default is not None and not option.is_flag:
        text = f"{text} Default: `{default}`."
    return text.strip()


def _tables(
    model: type[BaseModel], *, level: int = 2, heading: bool = True, only: set[str] | None = None
) -> Iterator[str]:
    """Yield a table of a model's keys, then one of each record that its keys hold."""
    schema = model.model_json_schema(by_alias=True)
    if heading:
        yield f"{'#' * level} Keys"
    yield _key_table(schema, only)
    seen = _named(schema, only)
    queue = list(seen)
    while queue:
        name = queue.pop(0)
        definition = schema["$defs"][name]
        if "properties" not in definition:
            continue
        yield f"{'#' * (level + 1)} {_spaced(name)}"
        if definition.get("description"):
            yield " ".join(definition["description"].split("\n\n")[0].split())
        yield _key_table(definition)
        for inner in _named(definition):
            if inner not in seen:
                seen.append(inner)
                queue.append(inner)
    if model is SequenceFile:
        yield f"{'#' * (level + 1)} Settings of `per_task`"
        yield "Every key of the training settings but `per_task` itself; a key that is not given is the file's."


def _key_table(schema: dict[str, Any], only: set[str] | None = None) -> str:
    required = schema.get("required", ())
    rows = [
        (
            f"`{key}`",
            _type(value),
            "required" if key in required else _default(value),
            _description(value),
        )
        for key, value in schema.get("properties", {}).items()
        if only is None or key in only
    ]
    return _table(("key", "type", "default", "meaning"), rows) if rows else "No keys of its own."


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _spaced(schema["$ref"].rsplit("/", 1)[-1])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    for joint in ("anyOf", "oneOf"):
        if joint in schema:
            kinds = [_type(one) for one in schema[joint] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return "list of " + ", ".join(_type(one) for one in schema["prefixItems"])
        case "array":
            return f"list of {_type(schema.get('items', {}))}"
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return f"mapping to {_type(schema['additionalProperties'])}"
        case "object" if "patternProperties" in schema:
            (inner,) = schema["patternProperties"].values()
            return f"mapping to {_type(inner)}" if inner else "mapping"
        case "object":
            return "mapping"
        case "string":
            return "text"
        case "boolean":
            return "true or false"
        case "number" | "integer":
            return _bounded(schema)
    return "any"


def _bounded(schema: dict[str, Any]) -> str:
    word = "integer" if schema["type"] == "integer" else "number"
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {schema[key]:,}" for key, sign in signs.items() if key in schema]
    return f"{word} {', '.join(bounds)}".strip()


def _default(schema: dict[str, Any]) -> str:
    default = schema.get("default")
    if default is None or default in ([], {}) or isinstance(default, dict):
        return ""
    text = str(default).lower() if isinstance(default, bool) else str(default)
    return f"`{', '.join(map(str, default)) if isinstance(default, list) else text}`"


def _description(schema: dict[str, Any]) -> str:
    return " ".join(str(schema.get("description", "")).split())


def _named(schema: dict[str, Any], only: set[str] | None = None) -> list[str]:
    """Return the names of the definitions that the keys of a schema refer to, in their order."""
    found: list[str] = []

    def look(part: Any) -> None:
        if isinstance(part, dict):
            if "$ref" in part:
                found.append(part["$ref"].rsplit("/", 1)[-1])
            for value in part.values():
                look(value)
        elif isinstance(part, list):
            for value in part:
                look(value)

    for key, value in schema.get("properties", {}).items():
        if only is None or key in only:
            look(value)
    return list(dict.fromkeys(found))


def _deepspeed_keys(keys: Any, before: str = "") -> Iterator[tuple[str, DeepSpeedKey]]:
    for key, known in keys.items():
        yield f"{before}{key}", known
        if known.inner:
            yield from _deepspeed_keys(known.inner, f"{before}{key}.")


def _why(known: DeepSpeedKey) -> str:
    if known.effect is Effect.SEQUENCE:
        return f"`{known.setting}`"
    usual = ", ".join(
        f"`{str(value).lower() if isinstance(value, bool) else value}`" for value in known.usual
    )
    return "; ".join(filter(None, (known.reason, f"usual: {usual}" if usual else "")))


def _spaced(name: str) -> str:
    """Return a model's name as words: `TrainingSettings` -> `training settings`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip(" _")


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _example(path: Path) -> Iterator[str]:
    yield f"## Example: `{path.name}`"
    yield f"```{'json' if path.suffix == '.json' else 'yaml'}\n{path.read_text(encoding='utf-8').strip()}\n```"


def _table(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(names) + " |", "|" + ":--|" * len(names)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _page(title: str, *parts: str) -> str:
    return "\n\n".join((f"# {title}", GENERATED, *parts)) + "\n"


if __name__ == "__main__":
    for file, text in pages().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
        print(FOLDER / file)
