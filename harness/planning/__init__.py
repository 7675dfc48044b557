"""Orders become sequences, sequences a tree of stages with shared prefixes."""
