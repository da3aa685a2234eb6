"""Writes DMARC records from settings, and mends those that were read (RFC 9989 §4.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from .dmarc import POLICIES, VALUES, Record, parse
from .dmarc_uris import Uri, mail_host

# In which tags are written. Only that of `v` matters (RFC 9989 §4.7).
ORDER = ("v", "p", "sp", "np", "t", "psd", "adkim", "aspf", "rua", "ruf", "fo")
# Characters that may stand in a mail address, and in a URI: neither "," nor "!" nor ";"
# (RFC 6068 §2, RFC 9989 §4.8).
_MAILBOX = "@+=$~'()*-._"
_SAFE = "@:/?&=+$~'()*-._%"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a record shall say; empty strings and tuples leave a tag out.

    `rua` and `ruf` hold mail addresses or whole URIs.
    """

    policy: str = "none"
    subdomains: str = ""
    nonexistent: str = ""
    rua: tuple[str, ...] = ()
    ruf: tuple[str, ...] = ()
    adkim: str = ""
    aspf: str = ""
    fo: str = ""
    psd: str = ""
    testing: bool = False


def write(settings: Settings) -> str:
    """The text of a record. Raises ValueError for values that DMARC does not know."""
    tags = [("v", "DMARC1"), ("p", _one_of(settings.policy or "none", POLICIES))]
    for name, policy in (("sp", settings.subdomains), ("np", settings.nonexistent)):
        if policy:
            tags.append((name, _one_of(policy, POLICIES)))
    for name, value in (
        ("t", "y" if settings.testing else ""),
        ("psd", settings.psd),
        ("adkim", settings.adkim),
        ("aspf", settings.aspf),
    ):
        if value and _one_of(value, VALUES[name]) != VALUES[name][0]:  # defaults need no words
            tags.append((name, value))
    for name, addresses in (("rua", settings.rua), ("ruf", settings.ruf)):
        if addresses:
            tags.append((name, ",".join(_uri(address) for address in addresses)))
    if settings.fo not in ("", "0") and settings.ruf:
        words = settings.fo.split(":")
        if not set(words) <= {"0", "1", "d", "s"} or len(set(words)) < len(words):
            raise ValueError(settings.fo)
        if {"0", "1"} <= set(words):
            raise ValueError(settings.fo)
        tags.append(("fo", settings.fo))
    return "; ".join(f"{name}={value}" for name, value in tags)


def settings_of(record: Record) -> Settings:
    """What a record says, or was meant to say: mistakes mended where only one thing is meant.

    Removed tags are left out; `pct=0` becomes `t=y` (RFC 9989 Appendix A.6).
    """
    record = parse(_joined(record))
    mended = {
        problem.tag: problem.meant[0]
        for problem in record.problems
        if problem.code in ("policy", "value") and len(problem.meant) == 1
    }
    values: dict[str, str] = {}
    for tag in record.tags:
        value = mended.get(tag.name, tag.value).lower()
        if tag.name not in values and (tag.error in ("", "separator") or tag.name in mended):
            values[tag.name] = value

    def known(name: str, allowed: Sequence[str]) -> str:
        return values.get(name, "") if values.get(name, "") in allowed else ""

    return Settings(
        policy=known("p", POLICIES) or "none",
        subdomains=known("sp", POLICIES),
        nonexistent=known("np", POLICIES),
        rua=_addresses(record.rua),
        ruf=_addresses(record.ruf),
        adkim=known("adkim", VALUES["adkim"]),
        aspf=known("aspf", VALUES["aspf"]),
        fo=record.get("fo"),
        psd=known("psd", VALUES["psd"]),
        testing=known("t", VALUES["t"]) == "y" or values.get("pct") == "0",
    )


def stricter(settings: Settings) -> Settings:
    """The next step of enforcement, everything else as it was (RFC 9989 §5.1, Appendix A.6).

    Testing ends first; then `none` becomes `quarantine`, and that `reject`.
    """
    if settings.testing:
        return replace(settings, testing=False)
    step = min(POLICIES.index(settings.policy) + 1, len(POLICIES) - 1)
    return replace(settings, policy=POLICIES[step])


def _joined(record: Record) -> str:
    """The tags as they were meant: with the semicolons that were missing, and with the names of
    unknown tags corrected where only one known tag comes near."""
    present = {tag.name for tag in record.tags}
    names = {
        problem.tag: problem.meant[0]
        for problem in record.problems
        if problem.code == "unknown" and len(problem.meant) == 1
    }
    texts = ["v=DMARC1"]
    for tag in record.tags:
        name = names.get(tag.name, tag.name)
        if tag.name == "v" or (name != tag.name and name in present):
            continue
        text = record.text[tag.column - 1 : tag.end]
        texts.append(text if name == tag.name else f"{name}={tag.value}")
    return "; ".join(texts)


def _addresses(uris: Sequence[Uri]) -> tuple[str, ...]:
    """Those that work, without size limits, and those that can be mended. Others than mailto:,
    which hardly any receiver serves, stay only where they are alone."""
    found: list[str] = []
    mail = any(uri.scheme == "mailto" or uri.meant for uri in uris)
    for uri in uris:
        if uri.error == "scheme" and mail:
            continue
        texts = uri.meant[0].split(",") if uri.meant else [uri.text] if uri.valid else []
        found += [text for text in texts if text not in found]
    return tuple(found)


def _uri(address: str) -> str:
    if mail_host(address) and not address.lower().startswith("mailto:"):
        return f"mailto:{quote(address, safe=_MAILBOX)}"
    text = quote(address, safe=_SAFE)
    scheme, colon, rest = text.partition(":")
    if not (colon and scheme.isascii() and scheme[:1].isalpha() and rest):
        raise ValueError(address)
    if scheme.lower() == "mailto" and not mail_host(rest.partition("?")[0]):
        raise ValueError(address)
    return text


def _one_of(value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise ValueError(value)
    return value
