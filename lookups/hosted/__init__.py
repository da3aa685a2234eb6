"""What this site does for domains whose ownership is proven: takes their reports, serves their
MTA-STS policy."""
