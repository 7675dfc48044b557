"""Order as a factor: how much of the scores it explains, and the effects of where a task stands."""
