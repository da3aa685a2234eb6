"""Who may read a report, and what can be taken away from it: links, badges, files."""
