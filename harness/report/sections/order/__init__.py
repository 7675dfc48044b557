"""Order as a factor: how much of the scores it explains, and what can be told of it."""
