"""A small authoritative DNS server for the flat SPF records that are hosted here."""
