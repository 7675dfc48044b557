"""Steps in a pool of threads."""
