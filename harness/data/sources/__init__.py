"""The three places that rows come from, each read into the same columns of text and labels."""
