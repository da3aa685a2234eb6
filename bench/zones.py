"""The signed zones that the benchmark of whole reports examines.

Ten domains of one kind: three mail servers in a zone of their own, an SPF record with nested
includes, two DKIM keys, and DMARC reports that go to another organization. Everything but the
domains themselves is what they have in common.
"""

from __future__ import annotations

COUNT = 10
DOMAINS = tuple(f"bench{number}.example" for number in range(COUNT))
SELECTORS = ("s1", "s2")
# TXT, then include, include, include, and the address of the last one's `a`.
LONGEST_CHAIN = 5

_SOA = "@ 3600 SOA ns1.dns.example. hostmaster.dns.example. 1 7200 900 1209600 300\n"
_NS = "@ 3600 NS ns1.dns.example.\n@ 3600 NS ns2.dns.example.\n"
_HEAD = _SOA + _NS
_KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyoD2k0Qk8gH1yUQmXbPq1hR6pJcXo7m0kqjW0eQ5Bq3w"
    "yPZ1VvF3yKx0Wq0n2v5a8sF1bD9k3G7hJ2mN4pR6tY8uI0oL2kM4nB6vC8xZ1aS3dF5gH7jK9lQ1wE3rT5yU7iO9p"
)


def _domain() -> str:
    mx = "".join(f"@ 3600 MX {n}0 mx{n}.hosts.example.\n" for n in (1, 2, 3))
    keys = "".join(
        f'{selector}._domainkey 3600 TXT "v=DKIM1; k=rsa; p={_KEY[:180]}" "{_KEY[180:]}AQAB"\n'
        for selector in SELECTORS
    )
    return (
        _HEAD
        + mx
        + "@ 3600 A 198.18.20.1\n@ 3600 AAAA 2001:2::20:1\n"
        + '@ 3600 TXT "v=spf1 mx include:one.spf.example -all"\n'
        + keys
        + '_dmarc 3600 TXT "v=DMARC1; p=reject; rua=mailto:dmarc@reports.example"\n'
        + '_smtp._tls 3600 TXT "v=TLSRPTv1; rua=mailto:tls@reports.example"\n'
    )


def _hosts() -> str:
    lines = [_HEAD]
    for n in (1, 2, 3):
        lines.append(f"mx{n} 3600 A 198.18.10.{n}\nmx{n} 3600 AAAA 2001:2::10:{n}\n")
        lines.append(f"_25._tcp.mx{n} 3600 TLSA 3 1 1 {'ab' * 32}\n")
    return "".join(lines)


def _reports() -> str:
    allowed = "".join(
        f'{name}._report._dmarc.{domain} 3600 TXT "v=DMARC1"\n'
        for name in DOMAINS
        for domain in ("reports.example.",)
    )
    return _HEAD + "@ 3600 MX 10 mx1.hosts.example.\n" + allowed


def _spf() -> str:
    return (
        _HEAD
        + 'one 3600 TXT "v=spf1 include:two.spf.example include:four.spf.example'
        + ' include:five.spf.example ~all"\n'
        + 'two 3600 TXT "v=spf1 ip4:198.18.64.0/24 include:three.spf.example ~all"\n'
        + 'three 3600 TXT "v=spf1 a:out.spf.example ip6:2001:2::64:0/112 ~all"\n'
        + 'four 3600 TXT "v=spf1 ip4:198.18.65.0/24 include:six.spf.example ~all"\n'
        + 'five 3600 TXT "v=spf1 ip4:198.18.67.0/24 a:out2.spf.example ~all"\n'
        + 'six 3600 TXT "v=spf1 ip4:198.18.68.0/24 ~all"\n'
        + "out2 3600 A 198.18.66.2\nout2 3600 AAAA 2001:2::66:2\n"
        + "out 3600 A 198.18.66.1\nout 3600 AAAA 2001:2::66:1\n"
    )


def _reverse(names: dict[str, str]) -> str:
    return _HEAD + "".join(f"{label} 3600 PTR {name}\n" for label, name in names.items())


def _nibbles(block: int, host: int) -> str:
    """The labels of 2001:2::<block>:<host> below 0.0.0.0.2.0.0.0.1.0.0.2.ip6.arpa."""
    digits = f"{block:04}{host:04}".rjust(20, "0")
    return ".".join(reversed(digits))


def zones() -> dict[str, str]:
    """Origin -> zone file text, the root first."""
    v4 = {f"{n}.10": f"mx{n}.hosts.example." for n in (1, 2, 3)}
    v4 |= {"1.20": "www.example.", "1.1": "ns1.dns.example.", "1.128": "ns2.dns.example."}
    v6 = {_nibbles(10, n): f"mx{n}.hosts.example." for n in (1, 2, 3)}
    v6 |= {_nibbles(20, 1): "www.example."}
    dns = _HEAD + "ns1 3600 A 198.18.1.1\nns2 3600 A 198.18.128.1\n"
    children = {
        "dns.example": dns,
        "hosts.example": _hosts(),
        "reports.example": _reports(),
        "spf.example": _spf(),
        "18.198.in-addr.arpa": _reverse(v4),
        "0.0.0.0.2.0.0.0.1.0.0.2.ip6.arpa": _reverse(v6),
        **{domain: _domain() for domain in DOMAINS},
    }

    def delegations(parent: str) -> str:
        inside = [zone for zone in children if zone.endswith(parent)]
        return "".join(f"{zone}. 3600 NS ns{n}.dns.example.\n" for zone in inside for n in (1, 2))

    example = _HEAD + "www 3600 A 198.18.20.1\nwww 3600 AAAA 2001:2::20:1\n"
    glue = "ns1.dns.example. 3600 A 198.18.1.1\nns2.dns.example. 3600 A 198.18.128.1\n"
    root = _HEAD + delegations("arpa") + "example. 3600 NS ns1.dns.example.\n" + glue
    return {".": root, "example": example + delegations(".example") + glue, **children}
