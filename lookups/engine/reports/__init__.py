"""Readers of the reports that receivers send: about DMARC (RFC 9990, RFC 9991) and TLS (RFC 8460).

Reports come from strangers, packed, by mail. Every reader here is bounded in memory and time, and
raises nothing but ReportError.
"""

from .errors import CODES, ReportError
from .reading import Failed, Reading, read_files

__all__ = ["CODES", "Failed", "ReportError", "Reading", "read_files"]
