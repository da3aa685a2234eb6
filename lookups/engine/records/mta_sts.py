"""MTA-STS: the TXT record that announces a policy, and the policy itself (RFC 8461 §3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from . import fields
from .fields import Field
from .txt import Part

VERSION = "v=STSv1"
MODES = ("enforce", "testing", "none")
MAX_POLICY = 64 * 1024  # octets, RFC 8461 §3.3
MAX_MAX_AGE = 31_557_600  # seconds, RFC 8461 §3.2
MAX_LINES = 500  # of a policy that are looked at
MAX_PATTERNS = 100
MAX_SHOWN = 200  # characters of a line in problems
MAX_PROBLEMS = 20
STARTING_AGE = 604_800  # a week: for the first policy of a domain

_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")  # RFC 5321 §4.1.2
_KNOWN = frozenset({"version", "mode", "max_age", "mx"})


@dataclass(frozen=True, slots=True)
class Record:
    """`id` is that of the policy, empty where the record has none; `errors` are (code, field)
    with the codes "syntax" and "id"."""

    text: str
    id: str
    errors: tuple[tuple[str, Field], ...] = ()

    @property
    def is_valid(self) -> bool:
        return bool(self.id) and not self.errors


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a policy. `code` is one of CODES; `line` counts from 1, 0 for the whole.

    "line": no "key: value"; "missing": a field; "value": of a field; "pattern": of an mx field;
    "age": max_age beyond its limit; "repeated": a field that may stand once; "blank": a line.
    """

    code: str
    line: int
    name: str = ""
    text: str = ""

    CODES = ("line", "missing", "value", "pattern", "age", "repeated", "blank")

    @property
    def is_fatal(self) -> bool:
        """Whether senders discard the policy for it."""
        return self.code not in ("repeated", "blank")


@dataclass(frozen=True, slots=True)
class Policy:
    """What a policy says; None and empty where it does not, or not properly."""

    version: str = ""
    mode: str = ""
    max_age: int | None = None
    mx: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def is_valid(self) -> bool:
        return not any(problem.is_fatal for problem in self.problems)


# --- the record ---------------------------------------------------------------------------------
def is_record(text: str) -> bool:
    """Records that begin otherwise are discarded (RFC 8461 §3.1)."""
    return fields.begins_with(text, VERSION)


def looks_like_record(text: str) -> bool:
    """Whether somebody meant to write such a record."""
    return fields.looks_like(text, VERSION)


def parse_record(text: str) -> Record:
    """Of a text for which `is_record`; a field that stands twice counts once, as first."""
    found = fields.split(text)
    ids = [each for each in found if each.name == "id"]
    errors = tuple((code, each) for each in found if (code := _record_error(each)))
    id = ids[0].value if ids and _ID.fullmatch(ids[0].value) else ""
    return Record(text, id, errors)


def record_text(id: str) -> str:
    """The record for a policy with this id. Raises ValueError for an id that none may have."""
    if not _ID.fullmatch(id):
        raise ValueError(id)
    return f"{VERSION}; id={id};"


def id_of(moment: datetime) -> str:
    """An id that differs from all earlier ones: the time of the change (RFC 8461 §3.1)."""
    return moment.strftime("%Y%m%d%H%M%S")


def parts(text: str) -> list[Part]:
    """The record in coloured pieces."""
    return fields.parts(text, "mta-sts", VERSION, _record_error, frozenset({"id"}))


def _record_error(each: Field) -> str:
    if each.name == "id":
        return "" if _ID.fullmatch(each.value) else "id"
    return "" if each.is_extension else "syntax"


# --- the policy ---------------------------------------------------------------------------------
@dataclass(slots=True)
class _Reading:
    """A policy while its lines are read."""

    found: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    mx: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def note(self, code: str, line: int, name: str = "", text: str = "") -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(code, line, name[:MAX_SHOWN], text[:MAX_SHOWN]))


def parse_policy(octets: bytes) -> Policy:
    """RFC 8461 §3.2; lines end in LF or CRLF, unknown keys are ignored. Never raises."""
    reading = _Reading()
    lines = policy_lines(decoded(octets))
    for number, line in enumerate(lines[:MAX_LINES], 1):
        _read_line(reading, number, line)
    version = _checked(reading, "version", {"STSv1"})
    mode = _checked(reading, "mode", set(MODES))
    age = _age(reading)
    if not reading.mx and mode != "none" and "mx" not in reading.lines:
        reading.note("missing", 0, "mx")
    return Policy(version, mode, age, tuple(reading.mx), tuple(reading.problems))


def decoded(octets: bytes) -> str:
    """The policy as text: it is ASCII or UTF-8 (RFC 8461 §3.2)."""
    return octets[:MAX_POLICY].decode("utf-8", "replace").replace("\0", "\ufffd")


def policy_lines(text: str) -> list[str]:
    """Without their ends; what follows the last end is a line only if there is something."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1].strip(" \t"):
        lines.pop()
    return lines


def policy_text(mode: str, mx: Sequence[str], max_age: int = STARTING_AGE) -> str:
    """A policy. Raises ValueError for what `parse_policy` would not accept."""
    patterns = [f"mx: {pattern}" for pattern in mx[:MAX_PATTERNS]]
    lines = ["version: STSv1", f"mode: {mode}", *patterns, f"max_age: {max_age}"]
    text = "".join(line + "\n" for line in lines)
    if not parse_policy(text.encode()).is_valid:
        raise ValueError(text)
    return text


def policy_parts(text: str, problems: Sequence[Problem] = ()) -> list[Part]:
    """A policy in coloured pieces, a line a piece; those with `problems` are marked as wrong."""
    wrong = {problem.line: problem.code for problem in problems}
    found: list[Part] = []
    for number, line in enumerate(text.split("\n", MAX_LINES)[:MAX_LINES], 1):
        if number > 1:
            found.append(Part("\n"))
        plain = line.rstrip(" \t\r")
        if plain:
            name, _ = _key_and_value(plain) or ("", "")
            kind = name if name in _KNOWN else "other"
            found.append(Part(plain, f"mta-sts.{kind}", wrong.get(number, "")))
        if len(plain) < len(line):
            found.append(Part(line[len(plain) :]))
    rest = text[sum(len(part.text) for part in found) :]
    return [*found, Part(rest)] if rest else found


def _key_and_value(line: str) -> tuple[str, str] | None:
    key, colon, value = line.partition(":")
    if not colon or not _KEY.fullmatch(key):
        return None
    return key, value.strip(" \t")


def _read_line(reading: _Reading, number: int, line: str) -> None:
    if not line.strip(" \t"):
        reading.note("blank", number)
        return
    pair = _key_and_value(line.rstrip(" \t"))
    if pair is None or not pair[1]:
        reading.note("line", number, text=line)
        return
    name, value = pair
    if name == "mx":
        reading.lines["mx"] = number
        if not is_pattern(value):
            reading.note("pattern", number, "mx", value)
        elif len(reading.mx) < MAX_PATTERNS:
            reading.mx.append(value.lower())
    elif name in _KNOWN:
        if name in reading.found:  # RFC 8461 §3.2: all but the first are ignored
            reading.note("repeated", number, name, value)
        else:
            reading.found[name], reading.lines[name] = value, number


def _checked(reading: _Reading, name: str, allowed: set[str]) -> str:
    """The value of a field that knows only some values, in exact letters."""
    value = reading.found.get(name)
    if value is None:
        reading.note("missing", 0, name)
    elif value not in allowed:
        reading.note("value", reading.lines[name], name, value)
    else:
        return value
    return ""


def _age(reading: _Reading) -> int | None:
    value = reading.found.get("max_age")
    if value is None:
        reading.note("missing", 0, "max_age")
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 10):
        reading.note("value", reading.lines["max_age"], "max_age", value)
        return None
    if int(value) > MAX_MAX_AGE:
        reading.note("age", reading.lines["max_age"], "max_age", value)
        return None
    return int(value)


# --- hosts --------------------------------------------------------------------------------------
def is_pattern(text: str) -> bool:
    """A host name, or "*." and a domain (RFC 8461 §3.2)."""
    labels = text.removeprefix("*.").split(".")
    return len(text) <= 253 and len(labels) > 1 and all(map(_LABEL.fullmatch, labels))


def matches(pattern: str, host: str) -> bool:
    """RFC 8461 §4.1: "*" stands for exactly one label, the first."""
    pattern, host = pattern.lower(), host.lower().removesuffix(".")
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:]
    return host == pattern


def pattern_of(host: str, patterns: Iterable[str]) -> str:
    """The first pattern that matches `host`; empty where none does."""
    return next((pattern for pattern in patterns if matches(pattern, host)), "")
