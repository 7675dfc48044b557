"""Regression: a number for a text or a pair of texts, such as how similar two sentences are (STS-B)."""
