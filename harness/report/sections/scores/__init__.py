"""The table of each target: averages, differences to target-only, and what is significant."""
