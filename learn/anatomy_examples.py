"""Records to try on the page that takes them apart: of every kind, in many spellings."""

from __future__ import annotations

_RSA = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAoDjfISX4LfgfB6od8IY6gErenoPcC0ryJWG2qyJa1/xFYrZM"
    "1iadTF804UjRyzVse3B/HhJBUj1BpeKmqgiBKSPpJdhkOa7iUZ/Q/FL8VBuzJOOe9ldvIvOObLYCYUaJvMddKB3wzjby"
    "uFn8+qywkCCXYmYCE/449upN6MGx3KM1GeLes/bKaldkfa+YeXuPq4RvAlP6d357irLq6crNOhvcMoJRqpW7xpHjwC1a"
    "OIZrRDPwB2r4h3efQkfwGfT7dk9h++cY2H/lB5CXCUy0H0GFC1eHcSbedW8Rw0h60azv6vIO9GpeXgG8HNDd6Mk0BM/g"
    "6ZrlIfQllOgHs44PVQIDAQAB"
)
_ECDSA = "3hl2f9JAeQ74n3ZXoy3T1+tcuNR47OYsvUYpv1UheVwyySdh33mKcKY7MZOlpJOHWaA+XN6CDOfuEafQ/wR+Qg=="
_DIGEST = "9F82B79DBE4F2ECF00C18D30B0D6BD9E17036B8F75360E1B3957922B5CA64835"
_SPKI = "22c4614379ba19952941fbd8981a3cd6c0188e25b47d46269166e4acae5cad19"

Examples = tuple[tuple[str, str], ...]

SOUND: tuple[tuple[str, Examples], ...] = (
    (
        "mail",
        (
            ("mx", "example.com.  3600  IN  MX  10 mx1.example.com."),
            ("spf", "v=spf1 mx ip4:192.0.2.0/24 include:_spf.example.net -all"),
            (
                "dkim",
                f's1._domainkey IN TXT ( "v=DKIM1; k=rsa; p={_RSA[:200]}"\n  "{_RSA[200:]}" )',
            ),
            ("dmarc", "v=DMARC1; p=reject; sp=quarantine; adkim=s; rua=mailto:dmarc@example.com"),
            (
                "bimi",
                "v=BIMI1; l=https://www.example.com/logo.svg; a=https://www.example.com/vmc.pem",
            ),
            ("mta-sts", '_mta-sts.example.com. 300 IN TXT "v=STSv1; id=20261124100000;"'),
            (
                "policy",
                "version: STSv1\nmode: enforce\nmx: mx1.example.com\nmx: *.mail.example.com\n"
                "max_age: 1209600",
            ),
            ("tls-rpt", "v=TLSRPTv1; rua=mailto:tls@example.com,https://reports.example.com/tls"),
        ),
    ),
    (
        "hosts",
        (
            ("a", "mx1.example.com.  3600  IN  A  192.0.2.25"),
            ("aaaa", "mx1.example.com has IPv6 address 2001:db8::25"),
            ("cname", "www  CNAME  web.example.net."),
            ("ns", "example.com.  IN  NS  ns1.example.net."),
            ("ptr", "25.2.0.192.in-addr.arpa. 3600 IN PTR mx1.example.com."),
            ("srv", "_submissions._tcp.example.com. 3600 IN SRV 0 1 465 mail.example.com."),
            ("caa", 'example.com. CAA 0 issue "ca.example.net; validationmethods=dns-01"'),
            (
                "soa",
                "example.com. 3600 IN SOA ns1.example.com. hostmaster.example.com. (\n"
                "  2026112401 ; serial\n  86400 ; refresh\n  7200 ; retry\n"
                "  3600000 ; expire\n  3600 ) ; minimum",
            ),
            ("txt", "example-site-verification=4b1d0c7e2f"),
        ),
    ),
    (
        "keys",
        (
            ("tlsa", f"_25._tcp.mx1.example.com. IN TLSA 3 1 1 {_SPKI}"),
            ("ds", f"example.com. 86400 IN DS 44642 13 2 {_DIGEST}"),
            ("dnskey", f"example.com. 3600 IN DNSKEY 257 3 13 {_ECDSA}"),
        ),
    ),
)
BROKEN: Examples = (
    ("spf", "v=spf1 mx ip4:192.0.2.256 includ:_spf.example.net +all"),
    ("dmarc", "v=DMARC1; p=rejct; pct=50; rua=dmarc@example.com"),
    ("mx", "example.com. IN MX 10 192.0.2.25"),
    ("caa", "0 issue https://ca.example.net; x"),
    ("soa", "ns1.example.com. admin@example.com. 1 7200 7200 86400 604800"),
)
