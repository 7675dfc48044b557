"""What predictions are worth: one metric in a file."""
