"""Masked language modelling: words to guess in running text."""
