"""Ordinal grades: a grade for a text, where one step beside the right one is nearly right."""
