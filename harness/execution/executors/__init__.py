"""Where the steps of a run are carried out."""
