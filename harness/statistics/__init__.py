"""Statistics of a table of runs, rows × seeds: numpy in, typed numbers out; no files, no sentences."""
