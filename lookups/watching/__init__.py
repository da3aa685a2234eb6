"""Domains that somebody watches: their history, what changed, and who is told."""
