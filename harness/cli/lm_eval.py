"""`xstilts lm-eval`: lm-eval's own command line, with the model and the tasks of xstilts in it."""

import functools
import itertools
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from harness.errors import UserError
from harness.message_text import cut

_NOT_RUN = ("ls", "validate")
_HELP = """\
xstilts lm-eval is lm-eval's own command line, to which xstilts adds

  the model   --model xstilts --model_args pretrained=CHECKPOINT[,KEY=VALUE…]
              CHECKPOINT: a Hugging Face folder with a head, a finished stage's folder, or a hub id
              precision=fp32|bf16|fp16  label_names=a|b|c  max_length=N
              revision=COMMIT  trust_remote_code=True
  the tasks   of `xstilts list evaluation`, and those below --include_path
  the data    XSTILTS_DATA=FOLDER in the environment (there is no --data-dir)

  XSTILTS_DATA=data xstilts lm-eval run --model xstilts --model_args pretrained=CHECKPOINT --tasks xtreme_xnli

What follows is lm-eval's help.
"""
_LONGEST_REASON = 2_000


class LmEvalRefusesError(UserError):
    """lm-eval cannot use its arguments."""


@click.command(
    "lm-eval",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Run lm-eval with ARGUMENTS; `--model xstilts` and the tasks in tasks/evaluation are known to it."""
    _refuse_commas_in_paths(arguments)
    if not arguments or {"-h", "--help"} & {*arguments}:
        click.echo(_HELP)
    from harness.compat.lm_eval import register_model, run_command_line

    # lm-eval registers its own models only where none is registered: this imports them first.
    register_model()
    import yaml

    from harness.data.rows import NoSourceError
    from harness.evaluation.task_manager import EvaluationTaskManager

    folders: list[str | Path] = [*_values_of(arguments, ("--include_path",))]
    ours = EvaluationTaskManager(include_path=folders, include_defaults=False).all_tasks
    asked = list(_values_of(arguments, ("--tasks", "-t")))
    # lm-eval takes 10 s or more to read its own 14,000 task files; spare that where none of them is wanted.
    only_ours = bool(asked) and all(task in ours for task in asked)
    manager = functools.partial(EvaluationTaskManager, include_defaults=not only_ours)
    try:
        run_command_line(_with_batch_size(arguments), manager)
    except NoSourceError as error:
        raise LmEvalRefusesError(
            f"{error}\nlm-eval has no --data-dir: name the folder by XSTILTS_DATA=FOLDER before the command."
        ) from error
    # What lm-eval raises for arguments that it cannot use: unknown tasks and models, malformed JSON or YAML.
    except (ValueError, TypeError, FileNotFoundError, yaml.YAMLError) as error:
        raise LmEvalRefusesError(f"lm-eval: {cut(str(error), _LONGEST_REASON)}") from error


def _values_of(arguments: Sequence[str], options: Sequence[str]) -> Iterator[str]:
    """Yield the values of an option, which lm-eval takes separated by spaces, commas or both."""
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name not in options:
            continue
        rest = itertools.takewhile(lambda following: not following.startswith("-"), arguments[position + 1 :])
        for part in [value] if equals else rest:
            yield from filter(None, part.split(","))


def _refuse_commas_in_paths(arguments: Sequence[str]) -> None:
    """Refuse a checkpoint's path with a comma, which lm-eval takes for the next model argument.

    Raises:
        LmEvalRefusesError: shows the arguments as JSON, which lm-eval also takes.
    """
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name not in ("--model_args", "-a"):
            continue
        text = value if equals else "".join(arguments[position + 1 : position + 2])
        parts = [] if text.startswith("{") else re.split(r",(?=[a-z_]+=)", text)
        given = dict(part.partition("=")[::2] for part in parts)
        if "," in given.get("pretrained", ""):
            raise LmEvalRefusesError(
                f"{name}: the path {given['pretrained']} holds a comma, with which lm-eval begins the next "
                f"argument. Write the arguments as JSON: {name} {shlex.quote(json.dumps(given))}"
            )


def _with_batch_size(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Leave the batch size to the model where none is asked for; lm-eval's default is one document."""
    runs = bool(arguments) and arguments[0] not in _NOT_RUN
    names = [argument.partition("=")[0] for argument in arguments]
    given = any(option in names for option in ("--batch_size", "-b", "--config", "-C"))
    ours = "xstilts" in _values_of(arguments, ("--model", "-M"))
    return (*arguments, "--batch_size", "auto") if runs and ours and not given else arguments
