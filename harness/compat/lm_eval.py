"""lm-eval 0.4.13: it reads no entry points, shows a bar for every task, and knows no other task manager."""

import functools
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch


def register_model() -> None:
    """Make the model `xstilts` known; a second call changes nothing.

    lm-eval registers its own models only when it finds none registered, so that its module must come first.
    """
    import lm_eval.models  # noqa: F401
    from lm_eval.api.registry import model_registry

    if "xstilts" not in model_registry:
        model_registry.register("xstilts", target="harness.evaluation.model:XstiltsModel")


@contextmanager
def quiet_lm_eval() -> Iterator[None]:
    """Hold back lm-eval's progress bars and its remarks on every task."""
    import lm_eval.api.task

    logger = logging.getLogger("lm_eval")
    level = logger.level
    logger.setLevel(logging.ERROR)
    bar = functools.partial(lm_eval.api.task.tqdm, disable=True)
    try:
        with patch.object(lm_eval.api.task, "tqdm", bar):
            yield
    finally:
        logger.setLevel(level)


def run_command_line(words: Sequence[str], task_manager: Callable[..., Any]) -> None:
    """Run lm-eval's own command line with a task manager in the place of its own.

    Raises:
        ValueError, TypeError, FileNotFoundError, yaml.YAMLError: lm-eval cannot use the words.
    """
    import lm_eval.tasks
    from lm_eval.__main__ import cli_evaluate

    with (
        patch.object(lm_eval.tasks, "TaskManager", task_manager),
        patch.object(sys, "argv", ["lm-eval", *words]),
    ):
        cli_evaluate()
