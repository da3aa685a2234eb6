"""A letter's journey: one letter followed through DNS, from real questions."""
