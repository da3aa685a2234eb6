"""Records to publish, as pages show them: read back by our own parser, in each host's fields."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from lookups.anatomy import AnatomyView, anatomy_views
from lookups.engine.dmarc.suffixes import organizational_domain
from lookups.engine.records.publish import TTL, Publication

from .base import ToolError

MAX_STRING = 255
MAX_NAME = 253  # characters without the final dot (RFC 1035 §3.1)


@dataclass(frozen=True, slots=True)
class HostField:
    """A field of a DNS host's form, and what to enter. `is_empty`: leave it empty."""

    label: str
    value: str

    @property
    def is_empty(self) -> bool:
        return not self.value


@dataclass(frozen=True, slots=True)
class HostForm:
    """One DNS host's form for a record. `impossible`: the host cannot take so long a text."""

    id: str
    title: str
    fields: tuple[HostField, ...]
    impossible: bool = False


@dataclass(frozen=True, slots=True)
class PublicationView:
    """A record for `tools/_publish.html`. `kind` is that of the anatomy; see records.recognise."""

    record: Publication
    kind: str

    @property
    def anatomy(self) -> AnatomyView | None:
        """The record as our own parser reads it, in the active language."""
        found = anatomy_views(self.record.zone_line, self.kind, get_language() or "en")
        return found[0] if found else None

    @property
    def hosts(self) -> tuple[HostForm, ...]:
        return tuple(_form(id, host, self.record) for id, host in _hosts().items())

    @property
    def octets(self) -> int:
        return len(self.record.value.encode())

    @property
    def ttl(self) -> int:
        return TTL


async def publication(name: str, type: str, value: str, domain: str) -> Publication:
    """A record for `name`, in the zone that `domain` most likely belongs to."""
    if len(name) > MAX_NAME:
        raise ToolError(_("“%s” is longer than names in DNS may be.") % name)
    zone = await organizational_domain(domain)
    return Publication(name, type, value, zone if f".{name}".endswith(f".{zone}") else domain)


def lines_of(records: Sequence[Publication]) -> Iterator[str]:
    """Records for a terminal: lines of a zone file, ready to be pasted."""
    for record in records:
        yield record.zone_line


@cache
def _hosts() -> dict[str, dict[str, Any]]:
    text = files("lookups.tools").joinpath("dns_hosts.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _form(id: str, host: dict[str, Any], record: Publication) -> HostForm:
    language = get_language() or "en"

    def label(key: str) -> str:
        words = host.get(f"{key}_{record.type.lower()}") or host[key]
        return str(words.get(language, words["en"]))

    fields = [
        HostField(label("name"), record.host or host["apex"]),
        HostField(label("type"), record.type),
    ]
    value = _value(host, record)
    if record.type == "MX" and host["mx"] == "own":
        fields += [
            HostField(label("value"), value),
            HostField(label("preference"), record.preference),
        ]
    elif record.type == "MX":
        fields.append(HostField(label("value"), f"{record.preference} {value}"))
    else:
        fields.append(HostField(label("value"), value))
    fields.append(HostField(_("TTL"), str(TTL)))
    too_long = bool(host.get("short")) and len(record.value.encode()) > MAX_STRING
    return HostForm(id, host["title"].get(language, host["title"]["en"]), tuple(fields), too_long)


def _value(host: dict[str, Any], record: Publication) -> str:
    """The value without a preference; names end as the host wants them."""
    if record.type == "TXT":
        return record.rdata if host["txt"] == "strings" else record.value
    value = record.value.split(None, 1)[1] if record.type == "MX" else record.value
    if value == ".":  # the null MX (RFC 7505 §3)
        return value
    ends = value.endswith(".")
    if record.type in ("MX", "CNAME", "NS", "PTR") and ends and not host["dot"]:
        return value[:-1]
    return value
