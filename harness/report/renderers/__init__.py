"""The numbers of a leaderboard in other formats, each made from the publication alone."""
