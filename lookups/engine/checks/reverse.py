"""From an address back to its names, and from these to the address: PTR and its confirmation.

Receivers of mail look for a PTR record whose name leads back to the address ("forward-confirmed
reverse DNS", described as the iprev method in RFC 8601 §2.7.3).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import dns.name

from ..addresses import Address, reverse_name
from ..addresses import parse as parse_address
from ..resolver import Answer, Outcome, Resolver, name_text

MAX_NAMES = 5  # PTR records looked at for one address


@dataclass(frozen=True, slots=True)
class ReverseName:
    """A name that an address has, and whether the name has that address.

    `alias` is where the name leads if it is a CNAME, which no PTR record should name (RFC 2181
    §10.2).
    """

    name: str
    confirmed: bool
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Reverse:
    """What reverse DNS says of `address`. `forward_failed`: a name could not be looked up."""

    address: str
    answer: Answer
    names: tuple[ReverseName, ...] = ()
    forward_failed: Answer | None = None

    @property
    def state(self) -> str:
        """ "confirmed", "unconfirmed", "none", or "failed" where DNS left it open."""
        if any(name.confirmed for name in self.names):
            return "confirmed"
        if self.answer.outcome.is_failure or self.forward_failed:
            return "failed"
        return "unconfirmed" if self.names else "none"

    @property
    def failure(self) -> Answer | None:
        """The answer that left the matter open, where the state is "failed"."""
        if self.state != "failed":
            return None
        return self.answer if self.answer.outcome.is_failure else self.forward_failed


async def look_up(resolver: Resolver, address: Address) -> Reverse:
    """Asks for the PTR records of `address` and for the addresses of their names."""
    answer = await resolver.query(reverse_name(address), "PTR")
    if answer.outcome is not Outcome.ANSWER:
        return Reverse(str(address), answer)
    targets = sorted({record.target for record in answer.records})[:MAX_NAMES]
    forwards = await asyncio.gather(*(_forward(resolver, name, address) for name in targets))
    failed = next((forward for forward in forwards if forward.outcome.is_failure), None)
    names = tuple(
        ReverseName(name_text(name), _leads_to(forward, address), _alias(forward))
        for name, forward in zip(targets, forwards, strict=True)
    )
    return Reverse(str(address), answer, names, failed)


async def _forward(resolver: Resolver, name: dns.name.Name, address: Address) -> Answer:
    return await resolver.query(name, "A" if address.version == 4 else "AAAA")


def _alias(forward: Answer) -> str:
    return name_text(forward.owner) if forward.aliases else ""


def _leads_to(forward: Answer, address: Address) -> bool:
    return any(parse_address(record.address) == address for record in forward.records)
