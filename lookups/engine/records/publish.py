"""A record on its way into a zone: a line of a zone file, and the pieces that forms ask for."""

from __future__ import annotations

from dataclasses import dataclass

from .txt import quoted_strings, split_strings

TTL = 3600  # seconds: what is published anew may have to be mended soon


@dataclass(frozen=True, slots=True)
class Publication:
    """A record to publish. `name` is absolute, in A-labels without the final dot; `zone` the zone
    that it most likely belongs to. `value` is the text of a TXT record, else the rdata in
    presentation form with absolute names."""

    name: str
    type: str
    value: str
    zone: str

    @property
    def strings(self) -> tuple[str, ...]:
        """The strings of a TXT record, each of at most 255 octets (RFC 1035 §3.3.14)."""
        return tuple(split_strings(self.value)) if self.type == "TXT" else ()

    @property
    def rdata(self) -> str:
        """What stands behind the type in a zone file."""
        return quoted_strings(self.value) if self.type == "TXT" else self.value

    @property
    def zone_line(self) -> str:
        """A line of a zone file (RFC 1035 §5.1)."""
        return f"{self.name}. {TTL} IN {self.type} {self.rdata}"

    @property
    def host(self) -> str:
        """The name relative to the zone; empty for the zone itself."""
        if self.name == self.zone:
            return ""
        return self.name.removesuffix(f".{self.zone}")

    @property
    def preference(self) -> str:
        """The first field of an MX record; empty for other types."""
        return self.value.split()[0] if self.type == "MX" else ""

    def as_json(self) -> dict[str, object]:
        shape: dict[str, object] = {"name": self.name, "type": self.type, "value": self.value}
        if self.strings:
            shape["strings"] = list(self.strings)
        return shape | {"zone_line": self.zone_line}
