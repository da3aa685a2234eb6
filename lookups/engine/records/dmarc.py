"""DMARC policy records, read as receivers read them (RFC 9989 §4.7, §4.8), mistakes with columns.

`parse` never raises: what a receiver would discard is kept as a Problem with what may have been
meant. Columns count characters from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from . import dmarc_uris
from .dmarc_uris import Uri
from .txt import Part

MAX_TEXT = 8192  # characters that are read; no sensible record has a tenth of it
MAX_TAGS = 25
MAX_PROBLEMS = 40
MAX_SHOWN = 120  # characters of a wrong value

POLICIES = ("none", "quarantine", "reject")
POLICY_TAGS = ("p", "sp", "np")
# The values of tags that are neither policies nor addresses, the default first (RFC 9989 §4.7).
VALUES = {"t": ("n", "y"), "psd": ("u", "y", "n"), "adkim": ("r", "s"), "aspf": ("r", "s")}
ADDRESS_TAGS = ("rua", "ruf")
TAGS = ("v", *POLICY_TAGS, *VALUES, *ADDRESS_TAGS, "fo")
REMOVED = ("pct", "rf", "ri")  # RFC 9989 Appendix A.6 and C.5.2: historic, now unknown tags

# RFC 9989 §4.8: "v" in either case, DMARC1 in capitals, blanks around both.
_VERSION = re.compile(r"[ \t]*[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")
_MEANT = re.compile(
    r"\bv[ \t]*=[ \t]*[\"']?dmarc|\bdmarc[-_ ]?v?1\b"
    r"|^[ \t]*p[ \t]*=[ \t]*(?:none|quarantine|reject)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Za-z]+")
# A known tag that begins where a semicolon is missing.
_RUN_ON = re.compile(
    rf"(?<![ \t,])[ \t,]++(?=(?:{'|'.join((*TAGS, *REMOVED))})[ \t]*=)", re.IGNORECASE
)  # fmt: skip
_PRINTABLE = re.compile(r"[\x20-\x3A\x3C-\x7E\t]*")


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` is one of CODES; `meant` holds what may have been meant, the likeliest first."""

    code: str
    column: int
    tag: str = ""
    found: str = ""
    meant: tuple[str, ...] = ()

    CODES = (
        "version",  # not exactly v=DMARC1 in the first place: the record is ignored
        "separator",  # no semicolon between two tags
        "malformed",  # no name, no "=", no value, or characters that must not be there
        "duplicate",
        "unknown",
        "policy",  # p, sp or np is none of the three: no policy of the record is applied
        "value",
        "address",
        "scheme",  # an address other than mailto:
        "size",  # the limit behind "!", which RFC 9989 §4.8 has receivers ignore
        "removed",
        "fo-without-ruf",
    )


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag as it was meant. `error` is the code of the problem that keeps it from working;
    `seen` is False where receivers take it for a part of the tag before."""

    name: str
    value: str
    column: int
    end: int
    error: str = ""
    seen: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """A record's text and what is in it. `valid`: receivers take it for a DMARC record."""

    text: str
    valid: bool
    tags: tuple[Tag, ...]
    problems: tuple[Problem, ...]
    rua: tuple[Uri, ...]
    ruf: tuple[Uri, ...]

    def get(self, name: str) -> str:
        """The value that receivers use, in lower case; "" where the tag is absent or useless."""
        for tag in self.tags:
            if tag.name == name and tag.seen:
                return "" if tag.error else tag.value.lower()
        return ""

    def has(self, name: str) -> bool:
        """Whether the tag is there at all, as far as receivers see."""
        return any(tag.name == name and tag.seen for tag in self.tags)

    @property
    def policy(self) -> str:
        """For the domain itself. Without `p` it is "none" (RFC 9989 §4.7). With a policy tag that
        is wrong it is "none" too, if there is an address for reports; otherwise "", which means
        no DMARC at all (§4.10.1)."""
        if self._policies_valid:
            return self.get("p") or "none"
        return "none" if any(uri.valid for uri in self.rua) else ""

    @property
    def subdomain_policy(self) -> str:
        """`sp`, else `p` (RFC 9989 §4.7)."""
        return (self.get("sp") if self._policies_valid else "") or self.policy

    @property
    def nonexistent_policy(self) -> str:
        """`np`, else `sp`, else `p` (RFC 9989 §4.7)."""
        return (self.get("np") if self._policies_valid else "") or self.subdomain_policy

    @property
    def testing(self) -> bool:
        return self.get("t") == "y"

    @property
    def psd(self) -> str:
        return self.get("psd") or "u"

    @property
    def _policies_valid(self) -> bool:
        wrong = (t for t in self.tags if t.name in POLICY_TAGS and t.seen and t.error)
        # A repeated tag and an empty one are discarded alone (§4.8).
        return all(tag.error in ("duplicate", "malformed") for tag in wrong)


def is_record(text: str) -> bool:
    """Whether receivers take `text` for a DMARC record (RFC 9989 §4.7: v=DMARC1 comes first)."""
    return _VERSION.match(text) is not None


def looks_meant(text: str) -> bool:
    """Whether somebody meant `text` to be a DMARC record, though receivers may ignore it."""
    return _MEANT.search(text[:MAX_TEXT]) is not None


def parse(text: str) -> Record:
    """The record in `text`, whatever that is. Never raises."""
    problems: list[Problem] = []
    read = text[:MAX_TEXT]
    tags = list(_tags(read, problems))[:MAX_TAGS]
    checked: list[Tag] = []
    uris: dict[str, tuple[Uri, ...]] = {"rua": (), "ruf": ()}
    names: set[str] = set()
    for tag in tags:
        code = tag.error
        if not code and tag.seen and tag.name in names:
            code = "duplicate"
            problems.append(Problem(code, tag.column, tag.name))
        elif not code:
            found, code = _judge(tag, uris)
            problems += found
        names.add(tag.name)
        checked.append(Tag(tag.name, tag.value, tag.column, tag.end, code, tag.seen))
    valid = is_record(read)
    if not valid and not (checked and checked[0].name == "v" and checked[0].error == "separator"):
        problems.insert(0, _version_problem(read, checked))
    if "fo" in names and "ruf" not in names:
        column = next(tag.column for tag in checked if tag.name == "fo")
        problems.append(Problem("fo-without-ruf", column, "fo"))
    return Record(
        text, valid, tuple(checked), tuple(problems[:MAX_PROBLEMS]), uris["rua"], uris["ruf"]
    )


def parts(text: str) -> list[Part]:
    """The text in pieces, a piece for each tag: joined they are `text` again."""
    pieces: list[Part] = []
    position = 0
    for tag in parse(text).tags:
        start = tag.column - 1
        if start > position:
            pieces.append(Part(text[position:start]))
        pieces.append(Part(text[start : tag.end], _kind(tag), "" if tag.seen else "separator"))
        if tag.error:
            pieces[-1] = Part(pieces[-1].text, pieces[-1].kind, tag.error)
        position = tag.end
    if position < len(text):
        pieces.append(Part(text[position:]))
    return pieces


def _kind(tag: Tag) -> str:
    """dmarc.<tag>, with its value where that says more than the tag alone."""
    if tag.name in REMOVED:
        return f"dmarc.{tag.name}"
    if tag.name not in TAGS:
        return "dmarc.unknown"
    value = tag.value.lower()
    if tag.name == "p" and value in POLICIES or value in VALUES.get(tag.name, ()):
        return f"dmarc.{tag.name}-{value}"
    return f"dmarc.{tag.name}"


def _tags(text: str, problems: list[Problem]) -> Iterator[Tag]:
    """Tags between semicolons; where a semicolon is missing, those that were meant as well."""
    position = 0
    for segment in text.split(";")[: MAX_TAGS * 2]:
        start, position = position, position + len(segment) + 1
        begins = [0, *(match.end() for match in _RUN_ON.finditer(segment) if match.start() > 0)]
        begins = begins[:MAX_TAGS]
        for index, begin in enumerate(begins):
            end = begins[index + 1] if index + 1 < len(begins) else len(segment)
            run_on = len(begins) > 1
            tag = _tag(segment[begin:end], start + begin, run_on, problems)
            if tag is None:
                continue
            if index:
                found = segment[max(0, begin - 20) : begin + 20]
                meant = _shown(f"; {tag.name}={tag.value}")
                problems.append(Problem("separator", tag.column, tag.name, found, (meant,)))
                tag = Tag(tag.name, tag.value, tag.column, tag.end, tag.error, seen=False)
            yield tag


def _tag(text: str, offset: int, run_on: bool, problems: list[Problem]) -> Tag | None:
    """One "name = value". `run_on`: the value goes on where a semicolon is missing."""
    blank = len(text) - len(text.lstrip(" \t"))
    stripped = text.strip(" \t,") if run_on else text.strip(" \t")
    if not stripped:
        return None
    column = offset + blank + 1
    name, equals, value = stripped.partition("=")
    name, value = name.rstrip(" \t"), value.strip(" \t")
    end = column - 1 + len(stripped)
    if not equals or not value or not _NAME.fullmatch(name) or not _PRINTABLE.fullmatch(value):
        known = name.lower() in TAGS and not value
        meant = (f"{name}=…",) if known else ()
        problems.append(Problem("malformed", column, _shown(name), _shown(stripped), meant))
        return Tag(name.lower()[:40], value, column, end, "malformed")
    return Tag(name.lower(), value, column, end, "separator" if run_on else "")


def _judge(tag: Tag, uris: dict[str, tuple[Uri, ...]]) -> tuple[list[Problem], str]:
    """What is wrong with one tag, and the code that keeps it from working ("" if it works)."""
    value = tag.value.lower()
    column = tag.column
    if tag.name in ADDRESS_TAGS:
        return _judge_addresses(tag, uris)
    if tag.name in REMOVED:
        return [Problem("removed", column, tag.name, _shown(tag.value))], ""
    if tag.name not in TAGS:
        near = get_close_matches(tag.name[:20], (*TAGS, *REMOVED), 2, 0.6)
        found = Problem(
            "unknown", column, _shown(tag.name), _shown(tag.value), tuple(near) or TAGS[1:]
        )
        return [found], "unknown"
    if tag.name in POLICY_TAGS and value not in POLICIES:
        near = get_close_matches(value[:20], POLICIES, 1, 0.5)
        meant = tuple(near) or POLICIES
        return [Problem("policy", column, tag.name, _shown(tag.value), meant)], "policy"
    if tag.name in VALUES and value not in VALUES[tag.name]:
        allowed = VALUES[tag.name]
        first = tuple(word for word in allowed if value.startswith(word))
        return [Problem("value", column, tag.name, _shown(tag.value), first or allowed)], "value"
    if tag.name == "fo" and not _is_fo(value):
        return [Problem("value", column, "fo", _shown(tag.value), ("0", "1", "d", "s"))], "value"
    return [], ""


def _judge_addresses(tag: Tag, uris: dict[str, tuple[Uri, ...]]) -> tuple[list[Problem], str]:
    value_at = tag.end - len(tag.value)
    found = dmarc_uris.split(tag.value, value_at + 1)
    uris[tag.name] = found
    problems = [
        Problem(uri.error, uri.column, tag.name, _shown(uri.text), uri.meant)
        for uri in found
        if uri.error
    ]
    return problems, "" if any(uri.valid for uri in found) else "address"


def _is_fo(value: str) -> bool:
    """Of 0 and 1 at most one, d and s at most once, with colons between (RFC 9989 §4.8)."""
    words = [word.strip() for word in value.split(":")]
    numbers = sum(word in ("0", "1") for word in words)
    return set(words) <= {"0", "1", "d", "s"} and numbers < 2 and len(set(words)) == len(words)


def _version_problem(text: str, tags: list[Tag]) -> Problem:
    """Why receivers do not take the text for a DMARC record."""
    version = next((tag for tag in tags if tag.name == "v"), None)
    found = version or (tags[0] if tags else None)
    column = found.column if found else 1
    shown = _shown(text[column - 1 : found.end] if found else text)
    return Problem("version", column, "v", shown, ("v=DMARC1",))


def _shown(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
