"""The room of the checkers: a section of the report alone, for a domain or for a pasted record."""
