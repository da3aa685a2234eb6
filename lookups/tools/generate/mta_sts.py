"""An MTA-STS policy and the record that announces it (RFC 8461 §3), checked against the MX."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.engine.checks import mta_sts as check
from lookups.engine.checks.mail_hosts import MailHosts, mail_hosts
from lookups.engine.finding import Section
from lookups.engine.names import Domain, DomainError, parse_domain
from lookups.engine.records import mta_sts
from lookups.tools.base import Beginning, Result, Tool, ToolError, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.fields import DomainField, plain
from lookups.tools.publish import publication

from .made import Made

DAY = 86_400
AGES = (DAY, 7 * DAY, 30 * DAY, 180 * DAY, mta_sts.MAX_MAX_AGE)
_BETWEEN = re.compile(r"[\s,;、]+")


class Form(ToolForm):
    positional = ("domain",)
    folded = ("id",)

    domain = DomainField(label=gettext_lazy("Domain"))
    mode = forms.ChoiceField(
        label=gettext_lazy("Mode"),
        choices=(
            ("testing", gettext_lazy("testing: deliver all the same, and report")),
            ("enforce", gettext_lazy("enforce: no delivery without verified TLS")),
            ("none", gettext_lazy("none: there is no policy any more")),
        ),
        initial="testing",
        widget=forms.RadioSelect,
    )
    mx = forms.CharField(
        label=gettext_lazy("Mail servers"),
        help_text=gettext_lazy(
            "One a line; *.example.com stands for any name with one more label. If empty: the MX "
            "records of the domain."
        ),
        required=False,
        max_length=8192,
        widget=forms.Textarea(plain(rows=3, placeholder="mx1.example.com")),
    )
    max_age = forms.ChoiceField(
        label=gettext_lazy("Senders keep the policy for (max_age)"),
        help_text=gettext_lazy(
            "A long time protects against attackers who suppress DNS; it also makes mistakes last."
        ),
        choices=(
            (str(AGES[0]), gettext_lazy("a day: for a policy on its way out")),
            (str(AGES[1]), gettext_lazy("a week: to begin with")),
            (str(AGES[2]), gettext_lazy("30 days")),
            (str(AGES[3]), gettext_lazy("180 days: once it has proved itself")),
            (str(AGES[4]), gettext_lazy("a year: the most there is")),
        ),
        initial=str(mta_sts.STARTING_AGE),
    )
    id = forms.CharField(
        label=gettext_lazy("Id of the policy"),
        help_text=gettext_lazy("Must change with each change of the policy. If empty: the time."),
        required=False,
        max_length=32,
        widget=forms.TextInput(plain()),
    )

    def clean_mx(self) -> tuple[str, ...]:
        pieces = (piece for piece in _BETWEEN.split(self.cleaned_data["mx"]) if piece)
        found = tuple(dict.fromkeys(_pattern(piece) for piece in pieces))
        if len(found) > mta_sts.MAX_PATTERNS:
            count = {"count": mta_sts.MAX_PATTERNS}
            raise forms.ValidationError(_("At most %(count)d mail servers fit in.") % count)
        return found

    def clean_id(self) -> str:
        id: str = self.cleaned_data["id"]
        try:
            return id and mta_sts.record_text(id) and id
        except ValueError:
            message = _("An id has letters and digits only, at most 32.")
            raise forms.ValidationError(message) from None


def _pattern(piece: str) -> str:
    """In A-labels, without the final dot (RFC 8461 §3.2)."""
    star = "*." if piece.startswith("*.") else ""
    name = piece.removeprefix("*.").removesuffix(".").lower()
    if not name.isascii():
        try:
            name = parse_domain(name).ascii
        except DomainError:
            name = ""
    if not mta_sts.is_pattern(star + name):
        raise forms.ValidationError(_("“%s” is no name of a mail server.") % piece[:100])
    return star + name


@dataclass(frozen=True, slots=True)
class MtaStsMade(Made):
    """The record, and the `policy` to be served at `url`. `hosts`: each MX host and its pattern."""

    domain: str = ""
    mode: str = ""
    host: str = ""
    url: str = ""
    policy: str = ""
    hosts: tuple[dict[str, str], ...] = ()

    def lines(self) -> Iterator[str]:
        yield from Made.lines(self)
        yield ""
        yield f"; {self.url}"
        yield from self.policy.splitlines()


async def run(data: dict[str, Any], dns: Dns) -> Result:
    domain: Domain = data["domain"]
    mode, patterns = data["mode"], data["mx"]
    mail = await mail_hosts(dns.context(domain)) if mode != "none" or not patterns else None
    hosts = [host.text for host in mail.hosts] if mail else []
    if not patterns:
        patterns = tuple(host for host in hosts if mta_sts.is_pattern(host))
    if not patterns and mode != "none":
        raise ToolError(_reason(mail, domain.ascii))
    text = mta_sts.policy_text(mode, patterns, int(data["max_age"]))
    id = data["id"] or mta_sts.id_of(datetime.now(UTC))
    record = await publication(
        f"_mta-sts.{domain.ascii}", "TXT", mta_sts.record_text(id), domain.ascii
    )
    covered = [{"host": host, "pattern": mta_sts.pattern_of(host, patterns)} for host in hosts]
    if mode == "none":
        covered = []
    server = f"mta-sts.{domain.ascii}"
    url = f"https://{server}{check.WELL_KNOWN}"
    more = (("policy", {"url": url, "text": text}), ("hosts", covered))
    return MtaStsMade(
        ((record, "mta-sts"),),
        tuple(_notes(data, patterns, covered, mail)),
        more,
        domain=domain.ascii,
        mode=mode,
        host=server,
        url=url,
        policy=text,
        hosts=tuple(covered),
    )


def _reason(mail: MailHosts | None, domain: str) -> str:
    """Why there are no mail servers to put into the policy."""
    if mail is None or mail.answer.outcome.is_failure:
        return _("DNS gave no usable answer on the MX records: type the mail servers.")
    return _("%s takes no mail: there is nothing to protect.") % domain


def _notes(
    data: dict[str, Any],
    patterns: tuple[str, ...],
    covered: list[dict[str, str]],
    mail: MailHosts | None,
) -> Iterator[str]:
    mode, age = data["mode"], int(data["max_age"])
    uncovered = [row["host"] for row in covered if not row["pattern"]]
    if uncovered:
        yield _("No pattern allows %(hosts)s: with enforce, no mail goes there.") % {
            "hosts": ", ".join(uncovered[:5])
        }
    used = {row["pattern"] for row in covered}
    idle = [pattern for pattern in patterns if covered and pattern not in used]
    if idle and mode != "none":
        yield _("No MX record has a host for %(patterns)s: right only before a change.") % {
            "patterns": ", ".join(idle[:5])
        }
    if mail is not None and mail.answer.outcome.is_failure:
        yield _("DNS gave no usable answer, so the hosts were not compared with the MX records.")
    if mode == "enforce" and age < AGES[1]:
        yield _("With enforce, a policy that is kept for a day protects little: choose weeks.")
    if mode == "testing" and age > AGES[2]:
        yield _("While testing, a short time lets you change your mind: choose a week.")
    if mode == "none":
        yield _(
            "Leave file, record and host in place until every earlier policy has expired (its "
            "max_age), then remove all three (RFC 8461 §8.3)."
        )
    yield _("Serve the file first, publish the record last: the record makes senders fetch it.")


# --- from what is published -----------------------------------------------------------------------
async def begin(domain: Domain, dns: Dns) -> Beginning:
    """The policy that is served, with all hosts of today; else the hosts of the MX records."""
    context = dns.context(domain)
    mail = await mail_hosts(context)
    hosts = [host.text for host in mail.hosts]
    if not hosts:
        raise ToolError(_reason(mail, domain.ascii))
    policy: dict[str, Any] | None = None
    async for section in check.check(context):
        if isinstance(section, Section):
            policy = section.records.get("policy")
    data = {"domain": domain.ascii, "mx": "\n".join(hosts)}
    if not policy or not policy["mx"]:
        note = _("The form holds the hosts of the MX records of %(domain)s.")
        return Beginning(data, (note % {"domain": domain.ascii},))
    notes = [_("The form holds the policy of %(domain)s.") % {"domain": domain.ascii}]
    patterns = list(policy["mx"])
    missing = [host for host in hosts if not mta_sts.pattern_of(host, patterns)]
    if missing:
        notes.append(_("Added, as MX records have it: %(hosts)s.") % {"hosts": ", ".join(missing)})
    data |= {"mx": "\n".join([*patterns, *missing]), "mode": policy["mode"] or "testing"}
    if policy["max_age"] is not None:
        age = policy["max_age"]
        data["max_age"] = str(min(AGES, key=lambda choice: abs(choice - age)))
    return Beginning(data, tuple(notes))


def _examples() -> tuple[tuple[str, str], ...]:
    return (
        (_("from a policy in force"), "from=perfect.classroom.test"),
        (_("a host without a pattern"), "from=mta-sts-uncovered.classroom.test"),
        (_("a first policy"), "domain=single-mx.classroom.test"),
    )


TOOL = Tool(
    slug="mta-sts-generator",
    group="generate",
    article="mta-sts",
    title=gettext_lazy("MTA-STS policy and record"),
    summary=gettext_lazy(
        "Have senders insist on encryption to your mail servers: the policy file, and the record "
        "that announces it."
    ),
    button=gettext_lazy("Make policy and record"),
    form=Form,
    run=run,
    begin=begin,
    template="tools/generate/mta_sts.html",
    command="generate mta-sts",
    live=True,
    examples=_examples,
)
