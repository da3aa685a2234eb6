"""BIMI Assertion Records: where a domain says which logo stands beside its mail.

draft-brand-indicators-for-message-identification ("the draft") §4.3, in the tag-list syntax of
RFC 6376 §3.2. Receivers must not mend a record with errors, so it is read to the letter.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .txt import Part

VERSION = "BIMI1"
SELECTOR = "default"
MAX_TEXT = 4096  # characters that are looked at; a record needs a few hundred
MAX_TAGS = 40
MAX_URI = 2048  # characters
# The order in which the draft writes them; `lps` and `avp` came last.
TAGS = ("v", "l", "a", "lps", "avp")
AVATARS = ("brand", "personal")  # the draft §4.2: which picture a mailbox prefers
IMAGE_SUFFIXES = ("png", "jpg", "jpeg", "gif", "webp", "bmp", "ico", "tif", "tiff", "pdf", "eps")

_WSP = " \t\r\n"
_VERSION = re.compile(r"v[ \t]*=[ \t]*BIMI1[ \t]*(?:;|$)")
_LIKE_VERSION = re.compile(r"\W*v\s*=\s*\W*bimi", re.IGNORECASE)
_TAG_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")  # RFC 6376 §3.2
# RFC 3986 §2 without what would end the tag; commas must be encoded (the draft §4.3).
_URI = re.compile(r"[\x21-\x2b\x2d-\x3a\x3c-\x7e]+")
_HOST = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")  # fully qualified
_LOCAL_PART = re.compile(r"[A-Za-z0-9-]{1,63}")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and at which column (from 1). `code` is one of CODES; `value` is hostile.

    The first six make receivers ignore the record or fail; after "tag-unknown" they read on.
    """

    CODES = (
        *("version", "tag-malformed", "tag-duplicate", "location-missing", "not-https"),
        *("uri-invalid", "tag-unknown", "value-ignored"),
    )

    code: str
    column: int
    tag: str = ""
    value: str = ""
    suggestion: str = ""

    @property
    def is_fatal(self) -> bool:
        return self.code not in ("tag-unknown", "value-ignored")


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag-spec; where it and its value start in the text, from 0."""

    name: str
    value: str
    start: int
    value_start: int


@dataclass(frozen=True, slots=True)
class Assertion:
    """A record as it was read. `location` and `evidence` are empty where not given or unusable."""

    text: str
    tags: Mapping[str, str]
    location: str
    evidence: str
    avatar: str
    problems: tuple[Problem, ...]

    @property
    def is_valid(self) -> bool:
        """Whether receivers can use it: nothing in it makes them stop."""
        return not any(problem.is_fatal for problem in self.problems)

    @property
    def is_declined(self) -> bool:
        """An explicit refusal to take part: both tags empty (the draft §4.3.1)."""
        return self.is_valid and not self.tags.get("l") and not self.tags.get("a")


def is_assertion(text: str) -> bool:
    """Whether receivers take `text` for a BIMI record at all (the draft §7.2)."""
    return _VERSION.match(text) is not None


def is_like_assertion(text: str) -> bool:
    """Whether somebody meant `text` as a BIMI record, though receivers discard it."""
    return not is_assertion(text) and _LIKE_VERSION.match(text[:MAX_TEXT]) is not None


def parse(text: str) -> Assertion:
    """Reads any text, never fails: what is wrong is in `problems`."""
    text = text[:MAX_TEXT]
    tags, problems = _tags(text)
    if not is_assertion(text):
        problems.insert(0, Problem("version", 1, "v", text.split(";", 1)[0].strip()[:80]))
    values: dict[str, str] = {}
    for tag in tags:
        if tag.name in values:
            problems.append(Problem("tag-duplicate", tag.start + 1, tag.name))
            continue
        values[tag.name] = tag.value
        problems += _value_problems(tag)
    problems += _location_problems(values, text)
    broken = {problem.tag for problem in problems if problem.is_fatal}
    return Assertion(
        text=text,
        tags=values,
        location="" if "l" in broken else values.get("l", ""),
        evidence="" if "a" in broken else values.get("a", ""),
        avatar=values["avp"] if values.get("avp") in AVATARS else AVATARS[0],
        problems=tuple(sorted(problems, key=lambda problem: problem.column)),
    )


def generate(location: str, evidence: str = "", avatar: str = "") -> str:
    """A record for a logo at `location`; both empty for a refusal to take part."""
    text = f"v={VERSION}; l={location}; a={evidence};"
    return f"{text} avp={avatar};" if avatar else text


def parts(text: str) -> list[Part]:
    """The record in pieces that together are `text`, each with what it says."""
    text, rest = text[:MAX_TEXT], text[MAX_TEXT:]
    problems = parse(text).problems
    wrong = {p.column: p.code for p in reversed(problems) if p.code != "location-missing"}
    tags = {tag.start: tag for tag in _tags(text)[0]}
    found: list[Part] = []
    position = 0
    for start, spec in _specs(text):
        tag = tags.get(start)
        name = tag.name if tag and tag.name in TAGS else "unknown" if tag else "malformed"
        error = wrong.get(start + 1) or (wrong.get(tag.value_start + 1, "") if tag else "")
        found += [Part(text[position:start]), Part(spec, f"bimi.{name}", error)]
        position = start + len(spec)
    return [part for part in (*found, Part(text[position:]), Part(rest)) if part.text]


def image_suffix(uri: str) -> str:
    """The suffix of an image format other than SVG that `uri` ends in (the draft §4.3.2)."""
    name = uri.split("?", 1)[0].split("#", 1)[0].rsplit("/", 1)[-1].lower()
    suffix = name.rsplit(".", 1)[-1] if "." in name else ""
    return suffix if suffix in IMAGE_SUFFIXES else ""


def _tags(text: str) -> tuple[list[Tag], list[Problem]]:
    """The tag-specs of `text`, and what is none (RFC 6376 §3.2)."""
    tags: list[Tag] = []
    problems: list[Problem] = []
    for start, spec in _specs(text):
        name, equals, value = spec.partition("=")
        stripped = name.strip(_WSP)
        if not equals or not _TAG_NAME.fullmatch(stripped) or len(tags) >= MAX_TAGS:
            problems.append(Problem("tag-malformed", start + 1, value=spec[:80]))
            continue
        value_start = start + len(name) + 1
        value_start += len(value) - len(value.lstrip(_WSP))
        tags.append(Tag(stripped, value.strip(_WSP), start, value_start))
    return tags, problems[:MAX_TAGS]


def _specs(text: str) -> Iterator[tuple[int, str]]:
    """Each piece between semicolons that is not empty, without the space around it."""
    position = 0
    for piece in text.split(";"):
        spec = piece.strip(_WSP)
        if spec:
            yield position + len(piece) - len(piece.lstrip(_WSP)), spec
        position += len(piece) + 1


def _value_problems(tag: Tag) -> Iterator[Problem]:
    column = tag.value_start + 1
    if tag.name not in TAGS:
        near = difflib.get_close_matches(tag.name[:10].lower(), TAGS, 1)
        yield Problem("tag-unknown", tag.start + 1, tag.name, tag.value[:80], "".join(near))
    elif tag.name in ("l", "a") and tag.value:
        code = _uri_problem(tag.value)
        if code:
            yield Problem(code, column, tag.name, tag.value[:MAX_URI])
    elif tag.name == "avp" and tag.value not in AVATARS:
        near = difflib.get_close_matches(tag.value[:20].lower(), AVATARS, 1)
        yield Problem("value-ignored", column, "avp", tag.value[:80], near[0] if near else "brand")
    elif tag.name == "lps" and not _is_selector_list(tag.value):
        yield Problem("value-ignored", column, "lps", tag.value[:80])


def _is_selector_list(value: str) -> bool:
    """Local-part selectors: "true", "false", or the beginnings of local parts (the draft §4.5)."""
    return all(_LOCAL_PART.fullmatch(each.strip(_WSP)) for each in value.split(","))


def _uri_problem(value: str) -> str:
    """Why `value` is no URI that BIMI allows: HTTPS and a fully qualified name (the draft §4.3)."""
    if len(value) > MAX_URI or not _URI.fullmatch(value):
        return "uri-invalid"
    try:
        split = urlsplit(value)
        host = split.hostname or ""
    except ValueError:
        return "uri-invalid"
    if split.scheme != "https":
        return "not-https" if "://" in value else "uri-invalid"
    return "" if _HOST.fullmatch(host) else "uri-invalid"


def _location_problems(values: Mapping[str, str], text: str) -> Iterator[Problem]:
    """`l` is required; empty, it goes with an empty `a` alone (the draft §4.3 and §7.3)."""
    if "l" not in values or (not values["l"] and values.get("a")):
        yield Problem("location-missing", max(len(text), 1), "l")
