"""Who runs the tree of stages: a worker process on this machine."""
