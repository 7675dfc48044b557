"""xstilts: how the order of English intermediate tasks changes zero-shot cross-lingual accuracy."""

__version__ = "0.1.0"
