"""Published rows trained again."""
