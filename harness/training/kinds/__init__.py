"""What each kind of task makes of its rows: token ids, labels and batches."""
