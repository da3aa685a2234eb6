"""Domains that the operator does not let this site ask about. `refusal.refusal` is the question."""
