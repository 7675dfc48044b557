"""Task kinds: one room (a package) holds everything about one kind. `base` says what that is."""
