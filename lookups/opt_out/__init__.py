"""Domains that ask not to be checked: `engine.opt_out` has the record, this room what follows."""
