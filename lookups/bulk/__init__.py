"""Bulk checks: thousands of domains at once, their outcome as a table and as figures."""
