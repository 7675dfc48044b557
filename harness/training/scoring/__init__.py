"""How well a finished stage does its own task: the usual metric of each kind, on held-out rows."""
