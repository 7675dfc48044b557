"""One file per statistic of a leaderboard."""
