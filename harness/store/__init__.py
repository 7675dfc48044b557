"""Finished stages and evaluations, addressed by content."""
