"""Languages as a factor: the gap to English, and what a language's score and gain go with."""
