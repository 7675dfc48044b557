"""Entries addressed by content: bytes, digests, locks, integrity. It knows no stage."""
