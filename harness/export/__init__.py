"""Published predictions in the formats of others."""
