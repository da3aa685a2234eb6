"""Whether a host name looks as if a machine had made it up: from the address, or for a line.

Receivers of mail distrust senders with such names, because infected computers at home have them.
They say nothing for sure, so only what hardly anybody would choose for a mail server counts.
"""

from __future__ import annotations

import ipaddress
import re

from ..addresses import Address

MAX_NAME = 253
_SEPARATORS = re.compile(r"[.\-_]")
_WORD = re.compile(r"[a-z]+|[0-9]+")
_NUMBER = re.compile(r"[0-9]+")

# Labels, or words in them, for lines of customers and for addresses that change.
LINES = frozenset(
    [
        "dyn",
        "dynamic",
        "dynip",
        "dynamicip",
        "dhcp",
        "dialup",
        "dialin",
        "dial",
        "ppp",
        "pppoe",
        "adsl",
        "sdsl",
        "vdsl",
        "xdsl",
        "dsl",
        "ftth",
        "broadband",
    ]
)
# Words that mean as much only beside a part of the address.
WEAK = frozenset(
    [
        "pool",
        "cable",
        "catv",
        "client",
        "clients",
        "customer",
        "customers",
        "cust",
        "subscriber",
        "static",
        "staticip",
        "ip",
        "host",
        "cpe",
        "user",
        "unassigned",
        "nat",
        "rev",
        "reverse",
        "vps",
        "vm",
        "server",
    ]
)
# Where providers name machines before their customer does.
PROVIDERS = (
    ".compute.amazonaws.com",
    ".compute-1.amazonaws.com",
    ".bc.googleusercontent.com",
    ".members.linode.com",
    ".ip.linodeusercontent.com",
    ".vultrusercontent.com",
    ".contaboserver.net",
    ".vs.sakura.ne.jp",
    ".clients.your-server.de",
)


def looks_generic(name: str, address: Address) -> bool:
    """Whether `name`, without final dot, looks generic for `address`."""
    name = name[:MAX_NAME].lower()
    if name.endswith(PROVIDERS) or _spells(name, address):
        return True
    labels = name.split(".")[:-2]  # what is right of them is a domain, whatever it is called
    if not labels:
        return False
    words = [_WORD.findall(label) for label in labels]
    if any(word in LINES for label in words for word in label):
        return _is_numbered(labels[0]) or any(
            not LINES.isdisjoint(label) and _is_numbered(text)
            for label, text in zip(words, labels, strict=True)
        )
    weak = any(word in WEAK for label in words for word in label)
    return weak and _names_part(".".join(labels), address)


def _is_numbered(label: str) -> bool:
    """Three digits and more: nobody numbers mail servers so."""
    return sum(map(str.isdigit, label)) >= 3


def _spells(name: str, address: Address) -> bool:
    """Whether the whole address stands in the name, in one of the usual spellings."""
    if address.version == 4:
        return _spells_ipv4(name, address.packed)
    return _spells_ipv6(name, address)


def _spells_ipv4(name: str, octets: bytes) -> bool:
    numbers = [int(number) if len(number) <= 3 else -1 for number in _NUMBER.findall(name)]
    digits = _SEPARATORS.sub("", name)
    for order in (list(octets), list(reversed(octets))):
        if any(numbers[at : at + 4] == order for at in range(len(numbers) - 3)):
            return True
        if "".join(f"{octet:03}" for octet in order) in digits:
            return True
        if bytes(order).hex() in digits:
            return True
    return False


def _spells_ipv6(name: str, address: Address) -> bool:
    """All 32 digits, forwards or by nibbles backwards; or groups joined by hyphens, shortened."""
    nibbles = address.packed.hex()
    digits = _SEPARATORS.sub("", name)
    if nibbles in digits or nibbles[::-1] in digits:
        return True
    groups = "-".join(f"{int(nibbles[at : at + 4], 16):x}" for at in range(0, 32, 4))
    if groups in name:
        return True
    short = str(ipaddress.ip_address(address.packed)).replace(":", "-").strip("-")
    return short.count("-") >= 2 and short in name


def _names_part(text: str, address: Address) -> bool:
    """The last two octets of an IPv4 address side by side, in either order."""
    if address.version != 4:
        return False
    third, last = address.packed[2:]
    numbers = [int(number) if len(number) <= 3 else -1 for number in _NUMBER.findall(text)]
    pairs = set(zip(numbers, numbers[1:], strict=False))
    return (third, last) in pairs or (last, third) in pairs
