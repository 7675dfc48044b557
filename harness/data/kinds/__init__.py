"""From the columns of a source to the rows of each kind of training task."""
