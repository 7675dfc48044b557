"""The folders below a finished stage from which checkpoints are scored; `encoder/` is for the next stage."""

CLASSIFIER = "classifier"
"""An encoder with a classification head."""

TEXT_TO_TEXT = "text_to_text"
"""A text-to-text model with the format of its task."""
