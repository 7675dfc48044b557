"""Multiple choice: which of two to five candidates fits a text."""
