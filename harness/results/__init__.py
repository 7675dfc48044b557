"""Tables with uncertainty and provenance, and their publication."""
