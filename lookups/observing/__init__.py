"""What an operator may want to know of a process: whose work it is, how much there was, whether it
lives. No page, and nothing that a report waits for."""
