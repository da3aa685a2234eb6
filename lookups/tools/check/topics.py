"""The topics that have a checker of their own: a table, from which all of these tools are made."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lookups.engine.rehearsal import kinds_of
from lookups.runtime import LESSONS

_KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_DIGEST = "9F82B79DBE4F2ECF00C18D30B0D6BD9E17036B8F75360E1B3957922B5CA64835"
_SPKI = "22c4614379ba19952941fbd8981a3cd6c0188e25b47d46269166e4acae5cad19"


@dataclass(frozen=True, slots=True)
class Example:
    """A filled form to try: a domain, or a record (`name`) for one."""

    name: str
    domain: str
    query: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic's tool. `kinds` are the records it takes (records.recognise), none where it takes
    none; `sample` is such a record. `lessons` are domains of the classroom, the good one first;
    `rehearsals` records to try for the lesson they are given with: a good one, and a broken one."""

    slug: str
    topic: str
    article: str
    title: str | Promise
    summary: str | Promise
    lessons: tuple[str, ...]
    sample: str = ""
    rehearsals: tuple[tuple[str, str], ...] = ()
    # Of several records where one is meant: the finding that says so.
    several: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        return kinds_of(self.topic)

    @property
    def has_selectors(self) -> bool:
        return self.topic == "dkim"

    @property
    def has_policy(self) -> bool:
        return "policy" in self.kinds

    @property
    def domains(self) -> tuple[Example, ...]:
        """Domains to try."""
        domains = (f"{lesson}.{LESSONS}" for lesson in self.lessons)
        return tuple(Example(domain, domain, urlencode({"domain": domain})) for domain in domains)

    @property
    def records(self) -> tuple[Example, ...]:
        """Records to try before they are published, each with its domain."""
        found = []
        for lesson, record in self.rehearsals:
            domain = f"{lesson}.{LESSONS}"
            text = record.replace("{domain}", domain)
            field = "policy" if text.startswith("version:") else "record"
            found.append(Example(text, domain, urlencode({"domain": domain, field: text})))
        return tuple(found)

    @property
    def examples(self) -> tuple[tuple[str, str], ...]:
        """All of them: name and query string."""
        return tuple((each.name, each.query) for each in (*self.domains, *self.records))


TOPICS: tuple[Topic, ...] = (
    Topic(
        slug="spf",
        topic="spf",
        article="spf",
        title=_("SPF check"),
        summary=_(
            "Who may send mail of a domain, what the record includes, and whether its lookups stay "
            "within the limit."
        ),
        sample="v=spf1 mx include:_spf.example.net -all",
        lessons=("perfect", "spf-lookups", "spf-typos", "spf-twice"),
        rehearsals=(
            ("spf-lookups", "v=spf1 mx include:_one.{domain} include:_bulk.{domain} -all"),
            ("perfect", "v=spf1 mx ip4:192.0.2.256 includ:_spf.example.net +all"),
        ),
        several="spf-multiple",
    ),
    Topic(
        slug="dkim",
        topic="dkim",
        article="dkim",
        title=_("DKIM check"),
        summary=_(
            "The keys with which a domain signs its mail: whether they are found, sound and strong."
        ),
        sample=f's1._domainkey IN TXT "v=DKIM1; k=ed25519; p={_KEY}"',
        lessons=("perfect", "dkim-strength", "dkim-tags", "dkim-none"),
        rehearsals=(
            ("dkim-none", f's1._domainkey IN TXT "v=DKIM1; k=ed25519; p={_KEY}"'),
            ("perfect", 's1._domainkey IN TXT "v=DKIM1; k rsa; p="'),
        ),
        several="dkim-several-records",
    ),
    Topic(
        slug="dmarc",
        topic="dmarc",
        article="dmarc",
        title=_("DMARC check"),
        summary=_(
            "What receivers do with mail that fails, who is told, and whether the record holds."
        ),
        sample="v=DMARC1; p=reject; rua=mailto:dmarc@example.com",
        lessons=("perfect", "dmarc-typos", "dmarc-monitoring", "dmarc-missing"),
        rehearsals=(
            ("dmarc-monitoring", "v=DMARC1; p=reject; rua=mailto:dmarc@{domain}"),
            ("perfect", "v=DMARC1; p=rejct; pct=50; rua=dmarc@example.com"),
        ),
        several="dmarc-multiple",
    ),
    Topic(
        slug="bimi",
        topic="bimi",
        article="bimi",
        title=_("BIMI check"),
        summary=_("The logo beside a domain’s mail: its record, the picture, and the certificate."),
        sample="v=BIMI1; l=https://www.example.com/logo.svg;",
        lessons=("perfect", "bimi-syntax", "bimi-svg", "bimi-no-dmarc"),
        rehearsals=(
            ("perfect", "v=BIMI1; l=https://bimi.{domain}/logo.svg;"),
            ("perfect", "v=BIMI1; l=http://www.example.com/logo.png"),
        ),
        several="bimi-multiple",
    ),
    Topic(
        slug="mta-sts",
        topic="mta-sts",
        article="mta-sts",
        title=_("MTA-STS check"),
        summary=_(
            "Whether senders are told to insist on TLS, and whether the policy names every server."
        ),
        sample="v=STSv1; id=20261124100000;",
        lessons=("perfect", "mta-sts-uncovered", "mta-sts-messy", "mta-sts-none"),
        rehearsals=(
            (
                "mta-sts-uncovered",
                "version: STSv1\nmode: enforce\nmx: *.{domain}\nmax_age: 1209600",
            ),
            ("perfect", "version: STSv1\nmode: enforce\nmx: mx1.{domain}\nmax_age: 3600"),
        ),
        several="mta-sts-multiple",
    ),
    Topic(
        slug="tls-rpt",
        topic="tls-rpt",
        article="tls-rpt",
        title=_("TLS-RPT check"),
        summary=_(
            "Where senders report whether encryption worked, and whether reports can arrive there."
        ),
        sample="v=TLSRPTv1; rua=mailto:tls-reports@example.com",
        lessons=("perfect", "tls-rpt-places", "tls-rpt-typo", "tls-rpt-multiple"),
        rehearsals=(
            ("tls-rpt-typo", "v=TLSRPTv1; rua=mailto:tls-reports@{domain}"),
            ("perfect", "v=TLSRPTv1; rua=tls-reports@example.com"),
        ),
        several="tls-rpt-multiple",
    ),
    Topic(
        slug="fcrdns",
        topic="reverse",
        article="fcrdns",
        title=_("FCrDNS check"),
        summary=_(
            "Whether the addresses of a domain and of its mail servers have names that lead back."
        ),
        lessons=("perfect", "reverse-generic", "reverse-names", "reverse-broken"),
    ),
    Topic(
        slug="dnssec",
        topic="dnssec",
        article="dnssec-dane",
        title=_("DNSSEC check"),
        summary=_(
            "The chain of trust down to a domain, also with a DS record that is not published yet."
        ),
        sample=f"example.com. IN DS 44642 13 2 {_DIGEST}",
        lessons=("perfect", "dnssec-island", "dnssec-expired", "dnssec-ds-mismatch"),
        rehearsals=(
            (
                "dnssec-island",
                "11970 13 2 5296DE67A0202ABFEAB7A46F925E4B92B0AE597D3F4CF1F7CA3E76720DADBEC5",
            ),
            ("perfect", f"44642 13 2 {_DIGEST}"),
        ),
    ),
    Topic(
        slug="dane",
        topic="dane",
        article="tlsa-record",
        title=_("DANE check"),
        summary=_("Whether TLSA records fit the certificates that a domain’s mail servers show."),
        sample=f"_25._tcp.mx1.example.com. IN TLSA 3 1 1 {_SPKI}",
        lessons=("perfect", "dane-mismatch", "dane-parameters", "dane-none"),
        rehearsals=(
            (
                "dane-mismatch",
                "_25._tcp.mx1 IN TLSA 3 1 1 "
                "7162d0a0c2d3fbb37d332af1e4e244fc907ae4f98bf42ea96b9b300b359e784b",
            ),
            ("perfect", f"_25._tcp.mx1 IN TLSA 3 1 1 {_SPKI}"),
        ),
    ),
    Topic(
        slug="mx",
        topic="mx",
        article="mx-record",
        title=_("MX check"),
        summary=_("Which servers take a domain’s mail, and whether each can be reached by name."),
        sample="example.com. IN MX 10 mx1.example.com.",
        lessons=("perfect", "dangling-mx", "mx-is-cname", "null-mx"),
        rehearsals=(
            ("dangling-mx", "10 mx1.perfect.classroom.test\n20 mx2.perfect.classroom.test"),
            ("perfect", "10 192.0.2.25"),
        ),
    ),
)


def topic_of_kind(kind: str) -> Topic | None:
    """The topic that takes records of `kind`."""
    return next((topic for topic in TOPICS if kind in topic.kinds), None)
