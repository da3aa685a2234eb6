"""Why a file is no report that can be read, and how much is read of one."""

from __future__ import annotations

from dataclasses import dataclass

MAX_FILES = 20  # given at once
MAX_FILE = 10_000_000  # octets of one file as it is given
MAX_INFLATED = 25_000_000  # octets of one report when it is unpacked
MAX_TOTAL = 50_000_000  # octets unpacked of all files that are given at once
MAX_RECORDS = 20_000  # records of one report
MAX_ALL_RECORDS = 50_000  # records of all files that are given at once

CODES = (
    "empty",  # nothing in it
    "too-large",  # as it is given: MAX_FILE
    "inflated",  # more than MAX_INFLATED when unpacked, or suspiciously much more than packed
    "total",  # all files together unpack to more than MAX_TOTAL, or hold too many records
    "members",  # a zip of too many files
    "overlap",  # a zip whose members share octets, as zip bombs do
    "nested",  # an archive in an archive
    "encrypted",  # a zip with a password
    "compression",  # a zip packed by a method other than deflate
    "truncated",  # ends too early
    "corrupt",  # damaged
    "unknown",  # neither XML, JSON, gzip, zip nor a mail
    "mail",  # a mail without a report
    "doctype",  # XML with a document type declaration, where entities would be declared
    "depth",  # XML or JSON nested too deeply
    "text",  # XML with a piece of text or markup that is too long
    "records",  # too many records or elements
    "encoding",  # text in no encoding that could be found
    "xml",  # XML that is not well-formed
    "json",  # JSON that is not well-formed
    "not-a-report",  # well-formed, but something else
)


class ReportError(ValueError):
    """A file that is not read. `code` is one of CODES."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Budget:
    """What is left for all files that are given at once."""

    octets: int = MAX_TOTAL
    records: int = MAX_ALL_RECORDS

    def unpack(self, octets: int) -> None:
        self.octets -= octets
        if self.octets < 0:
            raise ReportError("total")

    def keep(self, records: int) -> None:
        self.records -= records
        if self.records < 0:
            raise ReportError("total")
