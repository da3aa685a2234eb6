"""The report reader: what receivers report about DMARC and TLS, and what to do about it."""
