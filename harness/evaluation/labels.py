"""Which output of a head stands for which choice of a task: matched by name, never by position."""

from collections.abc import Collection, Mapping, Sequence

from harness.errors import UserError
from harness.message_text import names_in_short


class LabelMismatchError(UserError):
    """The labels of a checkpoint are not those of a task."""


def match_labels(
    task: str, choices: Collection[str], labels: Sequence[str], *, complete: bool
) -> Mapping[str, int]:
    """Return the position in `labels` of each choice; upper and lower case are alike.

    Args:
        task: the task's name, for the message.
        choices: the task's choices, or those of them that were asked for.
        labels: what the outputs of the head mean, in order.
        complete: `choices` are all that the task has, so that no label may be left over.

    Raises:
        LabelMismatchError: a choice has no label, or a label no choice.
    """
    positions = {label.casefold(): position for position, label in enumerate(labels)}
    found = {choice: positions.get(choice.casefold()) for choice in choices}
    matched = {choice: position for choice, position in found.items() if position is not None}
    if len(matched) != len(found) or (complete and len(set(matched.values())) != len(labels)):
        raise LabelMismatchError(
            f"task {task} has the {len(choices)} choices {names_in_short(choices)}, but the checkpoint's "
            f"head has the {len(labels)} labels {names_in_short(labels)}. Score it on a task with its "
            "labels; where only the names differ, name them as the task does: `--labels` for `xstilts "
            "eval`, the model argument `label_names` for `xstilts lm-eval`."
        )
    return matched
