"""The API under /api/v1/: for programs, with tokens of its own, in JSON."""
