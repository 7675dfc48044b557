"""Rows of masked language modelling: running text."""

from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples, fault, table
from harness.kinds.masked_lm.task import MaskedLMTask
from harness.message_text import in_short


def examples(task: MaskedLMTask, source: SourceColumns) -> Examples:
    """Return the rows with a text in them: text_a (string), text_b (null).

    Raises:
        FaultyRowError: a row's text is no text, or no row has one.
    """
    texts: list[str] = []
    for row, value in enumerate(source.columns[task.text]):
        if not isinstance(value, str):
            raise fault(source, row, f"{task.text} is {in_short(value)}, not a text", "correct it or 'text'")
        if value.strip():
            texts.append(value)
    if not texts:
        raise fault(source, 0, "every text is empty", "correct the file, or the task's 'text'")
    return Examples(table({"text_a": texts, "text_b": [None] * len(texts)}, {}))
