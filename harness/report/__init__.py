"""What a leaderboard says: its sections, and the forms it is written in."""
