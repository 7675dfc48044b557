"""The pictures of a leaderboard, as SVG and PNG."""
