"""Retrieval: which sentence of another language means the same; nothing is trained."""
