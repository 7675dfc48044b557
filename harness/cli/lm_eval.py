"""`xstilts lm-eval`: lm-eval's own command line, with the model and the tasks of xstilts in it."""

import sys

import click

_NOT_RUN = ("ls", "validate")


@click.command(
    "lm-eval",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Run lm-eval with ARGUMENTS; `--model xstilts` and the tasks in tasks/evaluation are known to it."""
    # lm-eval registers its own models only where none is registered: register() imports them first.
    from harness.evaluation.registration import register

    register()
    import lm_eval.tasks
    from lm_eval.__main__ import cli_evaluate

    from harness.evaluation.task_manager import EvaluationTaskManager

    lm_eval.tasks.TaskManager = EvaluationTaskManager
    sys.argv = ["lm-eval", *_with_batch_size(arguments)]
    cli_evaluate()


def _with_batch_size(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Leave the batch size to the model where none is asked for; lm-eval's default is one document."""
    runs = bool(arguments) and arguments[0] not in _NOT_RUN and "--tasks" in arguments
    given = any(
        argument.startswith(("--batch_size", "-b")) or argument == "--config" for argument in arguments
    )
    ours = "xstilts" in arguments
    return (*arguments, "--batch_size", "auto") if runs and ours and not given else arguments
