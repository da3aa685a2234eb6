"""Generators: from a form to records ready to be published, read back by our own parser."""
