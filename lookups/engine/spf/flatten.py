"""An SPF record as networks alone: what it includes is written out (RFC 7208 §4.6.4, §5).

Whoever passes by the record passes by the flat one, and nobody else, as long as the sources stay
as they are. What depends on the message (macros, exists, ptr) is kept as a term.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ..addresses import Network
from ..records import spf
from ..records.spf import Mechanism, Modifier, Record, Term
from ..records.spf_macros import MacroError
from .address_set import AddressSet
from .macros import known_name

MAX_DEPTH = 12  # of includes; no evaluation gets deeper
MAX_SPANS = 1000  # of addresses that one record is written out to
MAX_KEPT = 40  # terms of one record that cannot be written out: ten are too many already
LIMIT = 450  # octets of a record: its answer should fit into 512 (§3.4)
SUBRECORD = "_s{number}.{domain}"


class Tree(Protocol):
    """The records that one record leads to, as far as they are known."""

    root: str

    def record(self, domain: str) -> Record | None:
        """The record of `domain`; None where there is none that can be used."""

    def state(self, domain: str) -> str:
        """ "ok", or why there is no record: see checks.spf_tree.Source; "cut": not asked for."""

    def networks(self, mechanism: Mechanism, domain: str) -> list[Network] | None:
        """What `a` or `mx` in the record of `domain` permits; None where DNS did not say."""


@dataclass(frozen=True, slots=True)
class Exempt:
    """A term of the record of `domain` that could not be written out. `why`:

    Kept as it is: "exists", "ptr", "macro", "failed" (DNS did not say), "cut" (too large),
    "everyone" (it permits all), "order" (what it permits depends on what it excludes before).
    Left out, since it makes the whole record an error: "none", "multiple", "invalid", "name",
    "loop".
    """

    term: str
    domain: str
    why: str


@dataclass(slots=True)
class Run:
    """Consecutive terms with one qualifier. Their order does not matter: any match decides."""

    qualifier: str
    addresses: AddressSet = field(default_factory=AddressSet)
    kept: dict[Mechanism, None] = field(default_factory=dict)

    @property
    def networks(self) -> list[Mechanism]:
        return [network_term(n, self.qualifier) for n in self.addresses.networks]


@dataclass(frozen=True, slots=True)
class Flat:
    """The flat record in pieces. `end` is its `all`, or a redirect= that had to be kept."""

    runs: tuple[Run, ...]
    end: Term | None
    exp: Modifier | None
    kept: tuple[Exempt, ...]
    left_out: tuple[Exempt, ...]

    @property
    def text(self) -> str:
        """All in one record."""
        return self._built([term for run in self.runs for term in (*run.networks, *run.kept)])

    @property
    def passing(self) -> AddressSet:
        """The addresses that pass by the networks."""
        passing, decided = AddressSet(), AddressSet()
        for run in self.runs:
            if run.qualifier == "+":
                passing |= run.addresses - decided
            decided |= run.addresses
        return passing

    def records(self, domain: str, limit: int = LIMIT) -> list[tuple[str, str]]:
        """Names and texts to publish, that of `domain` first: one record, or where that has more
        than `limit` octets, one that includes others of at most `limit` octets each."""
        if len(self.text) <= limit:
            return [(domain, self.text)]
        terms: list[Term] = []
        below: list[tuple[str, str]] = []
        for run in self.runs:
            for networks in _chunks([network_term(n) for n in run.addresses.networks], limit):
                name = SUBRECORD.format(number=len(below) + 1, domain=domain)
                below.append((name, spf.build([*networks, Mechanism("all", "-")])))
                spec = spf.domain_spec(name)
                terms.append(Mechanism("include", run.qualifier, spec))
            terms += run.kept
        return [(domain, self._built(terms)), *below]

    def _built(self, terms: Sequence[Term]) -> str:
        ends = [term for term in (self.end, self.exp) if term is not None]
        return spf.build([*terms, *ends])


def flatten(tree: Tree) -> Flat:
    """The record of the tree's root, written out. The root must have a usable record."""
    return _Flattening(tree).run()


def network_term(network: Network, qualifier: str = "+") -> Mechanism:
    return Mechanism(f"ip{network.version}", qualifier, network=network)


class _CannotOpen(Exception):
    """A record whose passes cannot be written out: it is included as before."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(slots=True)
class _Opened:
    """What passes by a record: networks, and terms that are kept, with what is to say of them."""

    passing: AddressSet = field(default_factory=AddressSet)
    kept: dict[Mechanism, None] = field(default_factory=dict)
    notes: dict[Exempt, None] = field(default_factory=dict)

    def add(self, inner: _Opened, excluded: AddressSet) -> None:
        """A passing term behind others that do not pass: those go first."""
        if inner.kept and excluded:
            raise _CannotOpen("order")
        self.passing |= inner.passing - excluded
        self.kept |= inner.kept
        self.notes |= inner.notes
        if len(self.passing.v4) + len(self.passing.v6) > MAX_SPANS or len(self.kept) > MAX_KEPT:
            raise _CannotOpen("cut")


class _Flattening:
    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.runs: list[Run] = []
        self.notes: dict[Exempt, None] = {}
        self.opened: dict[str, _Opened | _CannotOpen] = {}
        self.end: Term | None = None
        self.exp: Modifier | None = None

    def run(self) -> Flat:
        self._top(self.tree.root, ())
        dropped = ("none", "multiple", "invalid", "name", "loop")
        notes = list(self.notes)
        return Flat(
            tuple(run for run in self.runs if run.addresses or run.kept),
            self.end,
            self.exp,
            tuple(note for note in notes if note.why not in dropped),
            tuple(note for note in notes if note.why in dropped),
        )

    def _top(self, domain: str, path: tuple[str, ...]) -> None:
        """The root's record, or the one that it redirects to, term by term (§6.1)."""
        record = self.tree.record(domain)
        if record is None:
            raise ValueError(domain)
        self.exp = _hoisted_exp(record, domain, self.tree.root)
        for mechanism, networks in _steps(record):
            if mechanism.name == "all":
                self.end = replace(mechanism, text="", column=0)
                return
            run = self._run(mechanism.qualifier)
            run.addresses |= AddressSet.of(networks)
            if not networks:
                opened = self._matches(mechanism, domain, (*path, domain))
                self.notes |= opened.notes
                run.addresses |= opened.passing
                run.kept |= {replace(term, qualifier=run.qualifier): None for term in opened.kept}
        if redirect := record.redirect:
            self._redirect(redirect, domain, (*path, domain))

    def _redirect(self, redirect: Modifier, domain: str, path: tuple[str, ...]) -> None:
        name = known_name(redirect.value, domain, self.tree.root)
        if name is None:
            self._keep_redirect(redirect, domain, "macro")
            return
        target = name.lower()
        why = self._unusable(target, path)
        if why in ("failed", "cut"):
            self._keep_redirect(redirect, domain, why)
        elif why:
            self.notes[Exempt(redirect.text, domain, why)] = None
        else:
            self._top(target, path)

    def _keep_redirect(self, redirect: Modifier, domain: str, why: str) -> None:
        value = redirect.value
        if domain != self.tree.root and value.letters & {"d", "p"}:
            name = known_name(value, domain, self.tree.root)
            try:
                value = spf.domain_spec(name or "")
            except MacroError:
                self.notes[Exempt(redirect.text, domain, "name")] = None
                return
        self.end = Modifier("redirect", value)
        self.notes[Exempt(redirect.text, domain, why)] = None

    def _run(self, qualifier: str) -> Run:
        if not self.runs or self.runs[-1].qualifier != qualifier:
            self.runs.append(Run(qualifier))
        return self.runs[-1]

    def _matches(self, mechanism: Mechanism, domain: str, path: tuple[str, ...]) -> _Opened:
        """What the mechanism matches, in the record of `domain`."""
        if mechanism.name in ("exists", "ptr"):
            return self._kept(mechanism, domain, mechanism.name)
        name = known_name(mechanism.domain, domain, self.tree.root)
        if name is None:
            return self._kept(mechanism, domain, "macro")
        if mechanism.name != "include":
            networks = self.tree.networks(mechanism, domain)
            if networks is None:
                return self._kept(mechanism, domain, "failed")
            return _Opened(AddressSet.of(networks))
        target = name.lower()
        why = self._unusable(target, path)
        if why in ("failed", "cut"):
            return self._kept(mechanism, domain, why)
        if why:
            return _Opened(notes={Exempt(mechanism.text, domain, why): None})
        try:
            return self._open(target, path)
        except _CannotOpen as error:
            return self._kept(mechanism, domain, error.why)

    def _open(self, domain: str, path: tuple[str, ...]) -> _Opened:
        """What passes by an included record (§5.2), found out once. Raises _CannotOpen."""
        found = self.opened.get(domain)
        if found is None:
            try:
                found = self._opened(domain, path)
            except _CannotOpen as error:
                found = error
            self.opened[domain] = found
        if isinstance(found, _CannotOpen):
            raise _CannotOpen(found.why)
        return found

    def _opened(self, domain: str, path: tuple[str, ...]) -> _Opened:
        record = self.tree.record(domain)
        found, excluded = _Opened(), AddressSet()
        path = (*path, domain)
        for mechanism, networks in _steps(record) if record else ():
            if mechanism.name == "all":
                if mechanism.qualifier == "+":
                    raise _CannotOpen("everyone")
                return found
            if networks:
                inner = _Opened(AddressSet.of(networks))
            else:
                inner = self._matches(mechanism, domain, path)
            if mechanism.qualifier == "+":
                found.add(inner, excluded)
            elif inner.kept:
                raise _CannotOpen("order")
            else:
                excluded |= inner.passing
                found.notes |= inner.notes
        redirect = record.redirect if record else None
        if redirect is None:
            return found
        name = known_name(redirect.value, domain, self.tree.root)
        if name is None:
            raise _CannotOpen("macro")
        why = self._unusable(name.lower(), path)
        if why in ("failed", "cut"):
            raise _CannotOpen(why)
        if why:
            found.notes[Exempt(redirect.text, domain, why)] = None
        else:
            found.add(self._open(name.lower(), path), excluded)
        return found

    def _unusable(self, domain: str, path: tuple[str, ...]) -> str:
        """Why the record of `domain` cannot be written out; empty where it can."""
        if domain in path:
            return "loop"
        if len(path) > MAX_DEPTH:
            return "cut"
        state = self.tree.state(domain)
        return "" if state == "ok" else state

    def _kept(self, mechanism: Mechanism, domain: str, why: str) -> _Opened:
        """The mechanism as a term of the root's record. Raises _CannotOpen where it means
        something else there, unless it stands there already."""
        note = Exempt(mechanism.text, domain, why)
        plain = replace(mechanism, text="", column=0, qualifier="+")
        if domain == self.tree.root:
            return _Opened(kept={plain: None}, notes={note: None})
        spec = mechanism.domain
        if spec is None or spec.letters & {"d", "p"}:
            name = known_name(spec, domain, self.tree.root)
            if name is None:
                raise _CannotOpen("macro")
            try:
                spec = spf.domain_spec(name)
            except MacroError:
                raise _CannotOpen("macro") from None
        return _Opened(kept={replace(plain, domain=spec): None}, notes={note: None})


def _steps(record: Record) -> Iterator[tuple[Mechanism, list[Network]]]:
    """The mechanisms that can be reached. Of networks that stand side by side with one qualifier
    only the first is given, with all of them; others come without."""
    waiting: list[Mechanism] = []
    for mechanism in record.effective:
        if waiting and (mechanism.network is None or mechanism.qualifier != waiting[0].qualifier):
            yield waiting[0], [m.network for m in waiting if m.network is not None]
            waiting = []
        if mechanism.network is None:
            yield mechanism, []
        else:
            waiting.append(mechanism)
    if waiting:
        yield waiting[0], [m.network for m in waiting if m.network is not None]


def _hoisted_exp(record: Record, domain: str, root: str) -> Modifier | None:
    """The explanation, if it means the same in the root's record."""
    exp = record.modifier("exp")
    if exp is None or (domain != root and exp.value.letters & {"d", "p"}):
        return None
    return Modifier("exp", exp.value)


def _chunks(networks: Sequence[Mechanism], limit: int) -> Iterator[list[Mechanism]]:
    """As few pieces as hold them all, each a record of at most `limit` octets."""
    chunk: list[Mechanism] = []
    frame = len(spf.VERSION) + len(" -all")
    octets = frame
    for network in networks:
        size = 1 + len(spf.term_text(network))
        if chunk and octets + size > limit:
            yield chunk
            chunk, octets = [], frame
        chunk.append(network)
        octets += size
    if chunk:
        yield chunk
