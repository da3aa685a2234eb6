"""Backup and restore: one file with the database and the site's own key.

`archive` is the file, `engines` the copy of the database that is in it. Redis is in no backup: what
it holds is made again from the database.
"""


class Failed(Exception):
    """It cannot be done; the text says why and what to do."""
