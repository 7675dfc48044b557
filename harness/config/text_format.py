"""How a text-to-text model reads a training task, and the words that it answers with.

Version 1 follows T5 (Raffel et al. 2020, appendix D, https://jmlr.org/papers/v21/20-074.html) and mT5 (Xue et
al. 2021, section 4.1, https://aclanthology.org/2021.naacl-main.41, and the preprocessors published with it,
https://github.com/google-research/multilingual-t5):

| kind | input | target |
|---|---|---|
| classification | `NAME: COLUMN: … COLUMN: …`, as mT5's `xnli: premise: … hypothesis: …` | the label's name |
| multiple choice | `NAME: choice1: … choice2: … question: …`, in the order of T5's COPA | `choice1` … |
| span extraction | `question: … context: …`, as mT5's XQuAD | the first answer, else `no answer` |
| tagging, BIO | `tag: …`, as mT5's WikiAnn | `PER: … $$ LOC: …` in order, else `None` |

NAME and COLUMN are those of the task's file. Label words are label names, as in T5 and in mT5's PAWS-X (its
XNLI has the labels' numbers). `no answer` is ours: neither published SQuAD 2.0. Tags of the scheme `plain`
have no published format, and masked language modelling is not how these models are pretrained.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from harness.config.training_task import (
    ClassificationTask,
    MultipleChoiceTask,
    SpanExtractionTask,
    TaggingTask,
    TrainingTask,
)
from harness.errors import UserError

# Raised by hand when the same row would be read or answered otherwise.
TEXT_FORMAT_VERSION = 1

READABLE = "classification, multiple_choice, span_extraction and tagging with 'scheme: bio'"
"""The kinds of task that have a text format, in words."""

SPAN_SEPARATOR = " $$ "
NO_SPANS = "None"
NO_ANSWER = "no answer"


class UnsuitedKindError(UserError):
    """A text-to-text model cannot be trained on a task of this kind."""


class TextFormat(BaseModel):
    """The format of one task.

    Attributes:
        version: Version of the rules.
        kind: The task's kind.
        marks: What stands before each text of an input; of multiple choice before the candidates and before
            what is asked.
        labels: The words for each label, by label id; none where answers are free text or numbered choices.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int
    kind: Literal["classification", "multiple_choice", "span_extraction", "tagging"]
    marks: tuple[str, ...]
    labels: tuple[str, ...] = ()


def has_text_format(task: TrainingTask) -> bool:
    """Tell whether a text-to-text model can be trained on a task."""
    if isinstance(task, TaggingTask):
        return task.scheme == "bio"
    return isinstance(task, ClassificationTask | MultipleChoiceTask | SpanExtractionTask)


def text_format(task: TrainingTask) -> TextFormat:
    """Return a task's format.

    Raises:
        UnsuitedKindError: the task's kind has none.
    """
    version = TEXT_FORMAT_VERSION
    match task:
        case ClassificationTask():
            first, *rest = (f"{column}:" for column in task.inputs)
            marks = (f"{task.name}: {first}", *rest)
            return TextFormat(version=version, kind=task.kind, marks=marks, labels=task.labels)
        case MultipleChoiceTask():
            return TextFormat(version=version, kind=task.kind, marks=(f"{task.name}:", "question:"))
        case SpanExtractionTask():
            return TextFormat(version=version, kind=task.kind, marks=("question:", "context:"))
        case TaggingTask() if task.scheme == "bio":
            return TextFormat(version=version, kind=task.kind, marks=("tag:",))
    raise UnsuitedKindError(f"task {task.name}: {unsuited(task)}; {REMEDY}")


def unsuited(task: TrainingTask) -> str:
    """Return in words why a task has no format."""
    scheme = f" with 'scheme: {task.scheme}'" if isinstance(task, TaggingTask) else ""
    return f"a text-to-text model cannot be trained on a task of kind {task.kind}{scheme}"


REMEDY = f"leave it out, or choose an encoder as the model. Text-to-text models take {READABLE}"
"""What to do about a task without a format."""
