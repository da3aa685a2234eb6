"""Everything that can be told of a message: what it says itself, and what DNS says of it now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import idna

from ..delivery.alignment import Authenticated
from ..dmarc.suffixes import organizational_domain
from ..resolver import Resolver
from ..spf import Verdict as SpfVerdict
from ..spf import check_host
from . import arc, keys, mime, verify
from .arc import Chain
from .auth_results import AuthResults, ReceivedSpf, read_received_spf, read_results
from .dmarc import Evaluation, dkim_result, evaluate
from .keys import Key
from .message import Message
from .received import Hop, Way, way
from .signatures import Signature, is_name, signatures
from .text import Mailbox, decoded, mailboxes, shown
from .verify import Verdict

SECONDS = 10.0  # for signatures and chain together
MAX_RESULTS = 30  # fields of one kind that are read
LESSON = "classroom.test"


@dataclass(frozen=True, slots=True)
class Border:
    """Where the message most likely entered the network of its receiver: a guess. `index` is that
    of the hop. `trusted`: the servers whose notes may be believed if the guess is right. `safe`
    is False where a newer hop was passed over for the name that its client gave itself: whoever
    sent the message may then have written this one.
    """

    index: int
    hop: Hop
    trusted: frozenset[str]
    safe: bool = True


@dataclass(frozen=True, slots=True)
class SpfOpinion:
    """Our own check_host() with the address of the border hop."""

    verdict: SpfVerdict
    address: str
    sender: str
    helo: str

    @property
    def authenticated(self) -> Authenticated:
        """For DMARC: HELO where MAIL FROM is empty (RFC 7208 §2.4)."""
        kind = "mailfrom" if self.sender else "helo"
        domain = ascii_domain(self.sender.rpartition("@")[2] or self.helo)
        return Authenticated(kind, domain, self.verdict.result.value)


@dataclass(frozen=True, slots=True)
class Analysis:
    """`froms` are the From fields' mailboxes, `author` the domain DMARC looks at; `authors` counts
    the domains named there. `timed_out`: signatures were not all checked in time."""

    message: Message
    froms: tuple[Mailbox, ...]
    from_fields: int
    author: str
    authors: int
    way: Way
    border: Border | None
    results: tuple[AuthResults, ...]
    believed: AuthResults | None  # that of the receiver, if the guessed border is right
    arc_results: tuple[AuthResults, ...]
    received_spf: tuple[ReceivedSpf, ...]
    signatures: tuple[Verdict, ...]
    left_out: int  # signatures beyond those that are looked at
    chain: Chain
    structure: mime.Structure
    spf: SpfOpinion | None
    dmarc: Evaluation | None
    timed_out: bool = False

    @property
    def has_body(self) -> bool:
        return self.message.body is not None

    @property
    def rests_on_header(self) -> bool:
        """What vouches for it are only signatures whose body hash could not be checked."""
        if self.dmarc is None or self.has_body:
            return False
        kinds = {each.kind for each in self.dmarc.identifiers if each.counts}
        return kinds == {"dkim"}

    @property
    def rests_on_spf(self) -> bool:
        """Nothing vouches for it but SPF, and so the address of the hop that was guessed."""
        counting = [each for each in self.dmarc.identifiers if each.counts] if self.dmarc else []
        return bool(counting) and all(each.kind != "dkim" for each in counting)

    @property
    def unsigned(self) -> int:
        """Octets at the end of the body that no signature which vouches for it covers."""
        if self.rests_on_spf or self.dmarc is None:
            return 0
        domains = {each.domain for each in self.dmarc.identifiers if each.counts}
        return min((v.unsigned for v in self.signatures
                    if v.passed and v.signature.domain in domains), default=0)  # fmt: skip

    def field(self, name: str, limit: int = 300) -> str:
        """A field decoded for people."""
        return decoded(self.message.first(name), limit)

    def as_json(self) -> dict[str, Any]:
        return {
            "summary": {
                "from": [box.address for box in self.froms], "author_domain": self.author,
                "to": len(recipients(self.message)), "subject": self.field("subject"),
                "date": shown(self.message.first("date"), 100),
                "message_id": shown(self.message.first("message-id")),
                "size": self.message.size, "parts": self.structure.parts,
                "has_body": self.has_body, "fields": len(self.message.fields),
            },
            "received": [_hop_json(hop) for hop in self.way.hops],
            "seconds": self.way.total,
            "border": self.border.index if self.border else None,
            "authentication_results": [each.as_json() for each in self.results],
            "received_spf": [each.as_json() for each in self.received_spf],
            "dkim": [each.as_json() for each in self.signatures],
            "arc": self.chain.as_json(),
            "spf": self.spf.verdict.as_json() if self.spf else None,
            "dmarc": self.dmarc.as_json() if self.dmarc else None,
            "timed_out": self.timed_out,
        }  # fmt: skip


async def analyse(message: Message, resolver: Resolver, now: datetime | None = None) -> Analysis:
    """What there is to say about `message`. Never raises."""
    lesson = LESSON in message.first("from").lower() or _is_lesson(message)
    path = way([field.text for field in message.all("received")], lesson)
    found = signatures(message)
    froms = _froms(message)
    domains = list(dict.fromkeys(ascii_domain(box.domain) for box in froms if box.domain))
    author = next((domain for domain in domains if is_name(domain)), "")
    results = tuple(
        read_results(f.text) for f in message.all("authentication-results")[:MAX_RESULTS]
    )
    border = await find_border(path)
    spf_notes = tuple(read_received_spf(f.text) for f in message.all("received-spf")[:MAX_RESULTS])
    opinion, (verdicts, chain, timed_out) = await asyncio.gather(
        _spf(resolver, message, border, spf_notes),
        _verified(message, found, resolver, now or datetime.now(UTC)),
    )
    authenticated = [
        Authenticated("dkim", each.signature.domain, dkim_result(each)) for each in verdicts
    ]
    if opinion and border and border.safe:
        authenticated.insert(0, opinion.authenticated)
    dmarc = await evaluate(resolver, author, authenticated) if author else None
    return Analysis(
        message=message,
        froms=froms,
        from_fields=len(message.all("from")),
        author=author,
        authors=len(domains),
        way=path,
        border=border,
        results=results,
        believed=_believed(message, results, border, path),
        arc_results=tuple(each.results for each in chain.sets),
        received_spf=spf_notes,
        signatures=verdicts,
        left_out=max(0, len(message.all("dkim-signature")) - len(found)),
        chain=chain,
        structure=mime.structure(message),
        spf=opinion,
        dmarc=dmarc,
        timed_out=timed_out,
    )


def recipients(message: Message) -> tuple[Mailbox, ...]:
    """To and Cc together."""
    return tuple(
        box for name in ("to", "cc") for field in message.all(name)[:3]
        for box in mailboxes(field.text)
    )  # fmt: skip


def ascii_domain(domain: str) -> str:
    """A-labels in small letters; the text itself where there are none."""
    domain = domain.strip().rstrip(".").lower()
    if domain.isascii() or len(domain) > 253:
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return domain


async def find_border(path: Way) -> Border | None:
    """The newest hop over the internet whose two ends belong to different organizations.

    Each hop above it was written by the receiver. A client's address, and the name that the server
    found for it, can be relied on there; the name it greeted with cannot.
    """
    trusted: set[str] = set()
    safe = True
    for index in reversed(range(len(path.hops))):
        hop = path.hops[index]
        receiver = hop.receiver.lower()
        if receiver:
            trusted.add(receiver)
        if hop.kind in ("loopback", "internal", "local"):
            continue
        organization = await _organization(receiver)
        if organization and organization == await _organization(hop.sender_name.lower()):
            continue  # handed on inside one organization
        if organization and organization == await _organization(hop.sender.lower()):
            safe = False
            continue
        return Border(index, hop, frozenset(trusted | {organization} - {""}), safe)
    return None


def _believed(
    message: Message, results: Sequence[AuthResults], border: Border | None, path: Way
) -> AuthResults | None:
    """The topmost Authentication-Results of a server behind the border. What stands below the
    Received field before the border was there when the message arrived (RFC 8601 §5, §7.1)."""
    if border is None:
        return None
    received = [n for n, field in enumerate(message.fields) if field.key == "received"]
    older = len(path.hops) - border.index  # the place of the next older one, the newest being 0
    end = received[older] if older < len(received) else len(message.fields)
    places = [n for n, f in enumerate(message.fields) if f.key == "authentication-results"]
    for place, each in zip(places, results, strict=False):
        if place < end and each.server in border.trusted:
            return each
    return None


async def _organization(name: str) -> str:
    name = ascii_domain(name)
    if not is_name(name) or "." not in name or name.replace(".", "").isdigit():
        return ""
    return await organizational_domain(name)


def _is_lesson(message: Message) -> bool:
    return any(f".{LESSON}" in field.text[:500].lower() for field in message.all("received")[:20])


def _froms(message: Message) -> tuple[Mailbox, ...]:
    return tuple(box for field in message.all("from")[:5] for box in mailboxes(field.text))


def _hop_json(hop: Hop) -> dict[str, Any]:
    return {
        "from": hop.sender, "name": hop.sender_name,
        "address": str(hop.address) if hop.address else None, "by": hop.receiver,
        "with": hop.protocol, "id": hop.id, "for": hop.recipient, "encrypted": hop.encrypted,
        "tls": hop.tls, "cipher": hop.cipher, "kind": hop.kind, "delay": hop.delay,
        "time": hop.time.isoformat() if hop.time else None,
    }  # fmt: skip


async def _verified(
    message: Message, found: Sequence[Signature], resolver: Resolver, now: datetime
) -> tuple[tuple[Verdict, ...], Chain, bool]:
    """Signatures and chain, in a thread: RSA and hashes of large bodies take their time."""
    names = [each.key_name for each in found if not each.problem]
    known: Mapping[str, Key] = await keys.fetch(resolver, [*names, *arc.key_names(message)])
    try:
        async with asyncio.timeout(SECONDS):
            return await asyncio.to_thread(_compute, message, found, known, now)
    except TimeoutError:
        return tuple(Verdict(each, "skipped") for each in found), Chain((), "fail", "skipped"), True


def _compute(
    message: Message, found: Sequence[Signature], known: Mapping[str, Key], now: datetime
) -> tuple[tuple[Verdict, ...], Chain, bool]:
    return verify.verify(message, found, known, now), arc.chain(message, known), False


async def _spf(
    resolver: Resolver, message: Message, border: Border | None, notes: Sequence[ReceivedSpf]
) -> SpfOpinion | None:
    """Our own opinion, where the address and a sender are known."""
    if border is None or border.hop.address is None:
        return None
    note = next((n for n in notes if n.get("client-ip") == str(border.hop.address)), None)
    if message.all("return-path"):  # the receiver writes it at delivery (RFC 5321 §4.4)
        boxes = mailboxes(message.first("return-path"))
        sender = boxes[0].address if boxes else ""
    else:
        sender = note.get("envelope-from") if note else ""
    helo = border.hop.sender or (note.get("helo") if note else "")
    if not (sender or helo):
        return None
    verdict = await check_host(resolver, border.hop.address, sender, helo, seconds=SECONDS)
    return SpfOpinion(verdict, str(border.hop.address), sender, helo)
