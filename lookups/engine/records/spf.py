"""SPF records: read strictly for check_host(), read kindly for people, and written (RFC 7208).

`parse` is what a receiver does: any error anywhere makes the whole record worthless (§4.6).
`audit` goes on after an error, so that every one is found at its column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from . import spf_mistakes
from .spf_macros import MacroString, parse_domain_spec
from .spf_terms import (
    ASKING,
    MECHANISMS,
    QUALIFIERS,
    Mechanism,
    Modifier,
    Term,
    TermError,
    parse_term,
    term_text,
)
from .txt import Part

__all__ = [
    "ASKING",
    "MECHANISMS",
    "Mechanism",
    "Modifier",
    "Problem",
    "Record",
    "SPFError",
    "Term",
    "TermError",
    "audit",
    "build",
    "domain_spec",
    "is_spf",
    "meant_version",
    "mended",
    "parse",
    "parse_term",
    "parts",
    "term_text",
]

VERSION = "v=spf1"
MAX_PROBLEMS = 20  # of one record that are kept
MAX_SHOWN = 200  # characters of a term in a problem
MAX_LABEL = 63

_WORDS = re.compile(r"[^ ]+")
_MISSPELT = re.compile(
    r"[\s\"'“”‘’]*(?:v\s*[=:]?\s*s\s*[pf]{2}\s*[1li]?|spf\s*[=:]?\s*v?1|v=1spf|ver=spf1|version=spf1)"
    r"[;,.:\"'\s]*(?:\b|(?=\s|\Z|[+\-~?]|(?:all|include|mx|a|ptr|ip4|ip6|exists|redirect)\b))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the term `text` at `column` (from 1).

    `code` is one of TermError's, or: "joined" terms without a space between them, "equals" in
    place of a colon, a modifier that is "repeated", "version" once more, or a "label" that DNS
    cannot have. Where `is_fatal`, receivers refuse the record. `suggestion` is what was probably
    meant, empty where nobody knows; `drop` tells that the term should simply go.
    """

    code: str
    column: int
    text: str
    suggestion: str = ""
    is_fatal: bool = True
    drop: bool = False
    start: int = 0  # the column at which the term begins


@dataclass(frozen=True, slots=True)
class Record:
    """A record's terms in their order, without those that could not be read."""

    text: str
    terms: tuple[Term, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def is_valid(self) -> bool:
        return not any(problem.is_fatal for problem in self.problems)

    @property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        return tuple(term for term in self.terms if isinstance(term, Mechanism))

    @property
    def all(self) -> Mechanism | None:
        """The first `all`, after which nothing counts (§5.1)."""
        return next((m for m in self.mechanisms if m.name == "all"), None)

    @property
    def effective(self) -> tuple[Mechanism, ...]:
        """The mechanisms that can be reached: those up to the first `all`."""
        found = self.mechanisms
        last = self.all
        return found if last is None else found[: found.index(last) + 1]

    def modifier(self, name: str) -> Modifier | None:
        return next((t for t in self.terms if isinstance(t, Modifier) and t.name == name), None)

    @property
    def redirect(self) -> Modifier | None:
        """The redirect= that takes effect: none beside an `all` (§6.1)."""
        return None if self.all else self.modifier("redirect")


class SPFError(ValueError):
    """A record that receivers refuse; `problem` is the first of its errors."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code} at column {problem.column}: {problem.text}")
        self.problem = problem


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record: it begins with the version alone (§4.5)."""
    return text[:6].lower() == VERSION and text[6:7] in ("", " ")


def meant_version(text: str) -> str:
    """For a TXT record that is none, but was probably meant as one: that record; else empty."""
    start = text[:80]
    match = _MISSPELT.match(start)
    if is_spf(text) or not match:
        return ""
    rest = text[match.end() :].strip(" \t;,\"'“”")
    looks = rest[:200].lower()
    if not rest:
        return VERSION if SequenceMatcher(None, start.lower(), VERSION).ratio() > 0.7 else ""
    words = [word.lstrip("+-~?") for word in re.split(r"[\s,;]+", looks)[:8]]
    if not any(re.split(r"[:=/]", word)[0] in (*MECHANISMS, "redirect") for word in words):
        return ""
    return f"{VERSION} {rest}"


def domain_spec(text: str) -> MacroString:
    """The domain of a term to be built. Raises ValueError where a record cannot have it."""
    return parse_domain_spec(text)


def parse(text: str) -> Record:
    """The record in `text`, which `is_spf`. Raises SPFError on any syntax error (§4.6)."""
    terms: list[Term] = []
    for match in _words(text):
        try:
            terms.append(parse_term(match[0], match.start() + 1))
        except TermError as error:
            column = match.start() + 1 + error.offset
            raise SPFError(Problem(error.code, column, match[0][:MAX_SHOWN])) from None
    if repeated := _repeated(terms):
        raise SPFError(repeated[0])
    return Record(text, tuple(terms))


def audit(text: str) -> Record:
    """The same without raising: what can be read, and every problem at its column."""
    terms: list[Term] = []
    problems: list[Problem] = []
    words = list(_words(text))
    skip = False
    for word, following in zip_longest(words, words[1:]):
        if skip:
            skip = False
            continue
        whole = len(problems) < MAX_PROBLEMS
        try:
            term = parse_term(word[0], word.start() + 1)
        except TermError as error:
            if whole:
                problem, skip = _problem(error, word, following[0] if following else "")
            else:  # enough suggestions; that the record is invalid still counts
                problem = Problem(error.code, word.start() + 1, word[0][:MAX_SHOWN])
            problems.append(problem)
            continue
        terms.append(term)
        if whole and (doubt := _doubt(term)):
            problems.append(doubt)
    problems += _repeated(terms)
    problems.sort(key=lambda problem: problem.column)
    # What receivers refuse is never crowded out by what they merely ignore.
    kept = sorted(problems, key=lambda problem: not problem.is_fatal)[:MAX_PROBLEMS]
    kept.sort(key=lambda problem: problem.column)
    return Record(text, tuple(terms), tuple(kept))


def mended(record: Record) -> list[Term] | None:
    """The terms of an audited record with every suggestion followed; None where one is missing."""
    problems = record.problems
    if len(problems) >= MAX_PROBLEMS or not all(p.suggestion or p.drop for p in problems):
        return None
    wrong = {problem.start for problem in problems}
    found = [(term.column, term) for term in record.terms if term.column not in wrong]
    for problem in problems:
        words = problem.suggestion.split(" ") if problem.suggestion else []
        found += [(problem.start, parse_term(word)) for word in words]
    return [term for _, term in sorted(found, key=lambda item: item[0])]


def parts(text: str, problems: Iterable[Problem] = ()) -> list[Part]:
    """The record cut into its version, its terms, and the spaces between them."""
    wrong = {problem.column: problem.code for problem in problems}
    made: list[Part] = []
    at = 0
    version = is_spf(text)
    for word in _WORDS.finditer(text):
        if word.start() > at:
            made.append(Part(text[at : word.start()]))
        column = word.start() + 1
        if version and not word.start():
            made.append(Part(word[0], "spf.version"))
        else:
            error = next((wrong[c] for c in range(column, word.end() + 1) if c in wrong), "")
            made += _term_parts(word[0], error)
        at = word.end()
    if at < len(text):
        made.append(Part(text[at:]))
    return made


def build(terms: Iterable[Term]) -> str:
    """The record with these terms: `all` after the other mechanisms, modifiers last (§6).

    Terms that `all` would make pointless are left out: a second `all`, and redirect= (§6.1).
    """
    given = list(terms)
    mechanisms = [t for t in given if isinstance(t, Mechanism) and t.name != "all"]
    ends = [t for t in given if isinstance(t, Mechanism) and t.name == "all"][:1]
    modifiers = [t for t in given if isinstance(t, Modifier)]
    if ends:
        modifiers = [modifier for modifier in modifiers if modifier.name != "redirect"]
    ordered: list[Term] = [*mechanisms, *ends, *modifiers]
    return " ".join([VERSION, *dict.fromkeys(term_text(term) for term in ordered)])


def _words(text: str) -> Iterable[re.Match[str]]:
    """The terms: what stands between spaces, after the version."""
    return _WORDS.finditer(text, len(VERSION) if is_spf(text) else 0)


def _problem(error: TermError, word: re.Match[str], following: str) -> tuple[Problem, bool]:
    """The problem of a term that is none; True where it takes the following one with it."""
    text = word[0]
    column = word.start() + 1
    if following and (whole := spf_mistakes.with_next(text, following)):
        shown = f"{text} {following}"[:MAX_SHOWN]
        return Problem("missing", column, shown, whole, start=column), True
    meant = spf_mistakes.suggestion(text)
    code = "joined" if " " in meant else error.code
    at = column + (error.offset if code in ("macro", "character") else 0)
    return Problem(code, at, text[:MAX_SHOWN], meant, start=column), False


def _doubt(term: Term) -> Problem | None:
    """What the grammar allows, but hardly anybody means."""
    text, column = term.text, term.column
    shown = text[:MAX_SHOWN]
    if meant := spf_mistakes.joined(text):
        return Problem("joined", column, shown, meant, is_fatal=False, start=column)
    if isinstance(term, Modifier):
        if meant := spf_mistakes.misread(term):
            return Problem("equals", column, shown, meant, is_fatal=False, start=column)
        if text.lower() == VERSION:
            return Problem("version", column, text, is_fatal=False, drop=True, start=column)
        return _bad_label(term, term.value) if term.is_known else None
    return _bad_label(term, term.domain) if term.domain else None


def _bad_label(term: Term, domain: MacroString) -> Problem | None:
    """A name that DNS cannot have: check_host() cannot ask for it (§4.3, §4.8)."""
    name = domain.literal
    if name is None:
        return None
    labels = name.removesuffix(".").split(".")
    if all(0 < len(label) <= MAX_LABEL for label in labels) and len(name) <= 254:
        return None
    shown = term.text[:MAX_SHOWN]
    return Problem("label", term.column, shown, is_fatal=False, start=term.column)


def _repeated(terms: Iterable[Term]) -> list[Problem]:
    """redirect= and exp= must not appear twice (§6)."""
    seen: set[str] = set()
    found = []
    for term in terms:
        if isinstance(term, Modifier) and term.is_known:
            if term.name in seen:
                shown = term.text[:MAX_SHOWN]
                found.append(Problem("repeated", term.column, shown, drop=True, start=term.column))
            seen.add(term.name)
    return found


def _term_parts(text: str, error: str) -> list[Part]:
    try:
        term = parse_term(text)
    except TermError as wrong:
        return [Part(text, "spf.unknown", error or wrong.code)]
    if isinstance(term, Modifier):
        kind = term.name if term.is_known else "modifier"
        return [Part(text, f"spf.{kind}", error)]
    if term.name == "all":
        return [Part(text, f"spf.all-{term.result}", error)]
    if text[0] in QUALIFIERS:
        return [Part(text[0], f"spf.{term.result}"), Part(text[1:], f"spf.{term.name}", error)]
    return [Part(text, f"spf.{term.name}", error)]
