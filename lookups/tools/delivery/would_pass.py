"""Would this mail pass? SPF, DKIM, alignment and DMARC for one mail, told as a story."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.drawings.alignment import Drawing, alignment
from lookups.engine.delivery import Judgement, Mail, judge
from lookups.engine.delivery.mail import DKIM_RESULTS
from lookups.engine.names import Domain, to_unicode
from lookups.engine.spf.lookups import MAX_LOOKUPS
from lookups.engine.spf.outline import Branch
from lookups.spf_words import reason, result_words
from lookups.tools.base import Result, Tool, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.fields import AddressField, plain

from . import advice_words, words
from .fields import NULL, HeloField, MailboxField, read_signatures

LESSON = "classroom.test"


class Form(ToolForm):
    positional = ("ip", "header_from")

    ip = AddressField(
        label=gettext_lazy("IP address of the sending server"),
        placeholder="192.0.2.25",
        help_text=gettext_lazy("The one that connects to the receiver, as the receiver sees it."),
    )
    helo = HeloField(
        label=gettext_lazy("HELO"),
        help_text=gettext_lazy("The name that it greets with. May be left empty."),
    )
    header_from = MailboxField(
        label=gettext_lazy("From"),
        help_text=gettext_lazy("What the reader sees: an address, or its domain."),
    )
    mail_from = MailboxField(
        label=gettext_lazy("MAIL FROM"),
        required=False,
        placeholder="",
        help_text=gettext_lazy(
            "The return address (Return-Path). Empty: the same as From. A bounce has <>."
        ),
    )
    dkim = forms.CharField(
        label=gettext_lazy("DKIM: signing domains (d=)"),
        required=False,
        max_length=2000,
        widget=forms.TextInput(plain(placeholder="example.com, mailer.example=fail")),
        help_text=gettext_lazy(
            "Empty: not signed. Several with commas between, each with a result of its own if need "
            "be."
        ),
    )
    dkim_result = forms.ChoiceField(
        label=gettext_lazy("Result of the signature"),
        choices=[(name, name) for name in DKIM_RESULTS],
        initial="none",
        required=False,
        help_text=gettext_lazy("none: nobody has verified it."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        usual = data.get("dkim_result") or "none"
        try:
            data["signatures"] = read_signatures(data.get("dkim") or "", usual)
        except forms.ValidationError as error:
            self.add_error("dkim", error)
        return data


@dataclass(frozen=True, slots=True)
class Passed:
    """A judgement, in words of the active language."""

    judged: Judgement

    @property
    def severity(self) -> str:
        return words.severity(self.judged.verdict)

    @property
    def title(self) -> str:
        return words.verdict_title(self.judged.verdict)

    @property
    def text(self) -> str:
        return words.verdict_text(self.judged)

    @property
    def drawing(self) -> Drawing:
        return alignment(self.judged)

    @property
    def author(self) -> str:
        return to_unicode(self.judged.mail.author.domain)

    @property
    def is_bounce(self) -> bool:
        return self.judged.mail.sender is None

    @property
    def scope(self) -> str:
        return words.scope(self.judged.scope.value)

    @property
    def applied(self) -> str:
        return words.applied(self.judged)

    @property
    def testing(self) -> str:
        return words.testing(self.judged.ruling)

    @property
    def disposition(self) -> str:
        return words.disposition(self.judged.ruling)

    @property
    def older(self) -> tuple[str, ...]:
        return words.older(self.judged)

    @property
    def advice(self) -> tuple[advice_words.Told, ...]:
        return tuple(advice_words.told(advice) for advice in self.judged.advice)

    @property
    def walk(self) -> dict[str, Any]:
        """The records of topic dmarc that `lookups/_dmarc_walk.html` shows."""
        found = self.judged.discovery
        return {
            "walk": [step.as_json() for step in found.steps],
            "record_domain": found.record_domain,
            "organizational_domain": found.organizational_domain,
            "stopped": found.stopped,
            "skipped": found.skipped,
        }

    def as_json(self) -> dict[str, Any]:
        said = self.judged.as_json()
        for advice, told in zip(said["advice"], self.advice, strict=True):
            advice["text"] = told.text
        return said

    def lines(self) -> Iterator[str]:
        yield self.title
        yield self.text
        yield ""
        yield from self._spf_lines()
        yield ""
        yield _("Alignment with From (%s)") % self.judged.mail.author.domain
        for row in self.judged.identifiers:
            yield f"  {words.identifier(row.kind)}  {row.domain or '–'}  {row.result}: " + (
                words.identifier_reason(row)
            )
        yield ""
        ruling = self.judged.ruling
        for step in self.judged.discovery.steps:
            yield f"  {step.question}: {words.walked(step)}"
        yield f"DMARC: {ruling.result}. " + self.disposition
        yield from filter(None, (self.applied, self.testing, *self.older))
        yield ""
        for told in self.advice:
            yield f"- {told.text}"
            if told.record:
                yield f"  {told.record}"

    def _spf_lines(self) -> Iterator[str]:
        checks = [self.judged.mailfrom, self.judged.helo]
        for check in filter(None, checks[:1] if self.is_bounce else checks):
            verdict = check.verdict
            result = verdict.result.value
            yield f"SPF {words.identifier(check.kind)} {check.identity}: {result} (" + (
                result_words(result) + ")"
            )
            yield from _branch_lines(check.tree, 1)
            if verdict.explanation:
                yield "  " + _("The domain explains: %s") % verdict.explanation
        if checks == [None, None]:
            yield words.no_spf()


def _branch_lines(branch: Branch, depth: int) -> Iterator[str]:
    space = "  " * depth
    yield f"{space}{branch.domain}: {branch.text or '–'}"
    for twig in branch.twigs:
        step = twig.step
        number = f"{step.lookup}/{MAX_LOOKUPS}" if step.lookup else ""
        told = (
            step.term,
            words.matched(step.matched),
            f"({reason(step.why, step.detail)})",
            number,
        )
        yield f"{space}{'>' if twig.decisive else ' '} " + "  ".join(filter(None, told))
        if twig.branch:
            yield from _branch_lines(twig.branch, depth + 2)


async def run(data: dict[str, Any], dns: Dns) -> Result:
    author = data["header_from"]
    sender = data["mail_from"]
    if sender is None:
        sender = author
    mail = Mail(
        ip=data["ip"],
        author=author,
        sender=None if sender == NULL else sender,
        helo=data["helo"],
        signatures=data["signatures"],
    )
    context = dns.context(Domain(author.domain, to_unicode(author.domain)))
    return Passed(await judge(context, mail))


def examples() -> tuple[tuple[str, str], ...]:
    """Mails of the classroom."""

    def query(ip: str, author: str, **more: str) -> str:
        domain = f"{author}.{LESSON}"
        given = {name: value.replace("@@", domain) for name, value in more.items()}
        return urlencode({"ip": ip, "header_from": f"alice@{domain}"} | given)

    signed = {"dkim": "@@", "dkim_result": "pass"}
    return (
        (_("Everything in order"), query("198.18.1.1", "perfect", helo="mx1.@@", **signed)),
        (_("A forgery"), query("198.18.99.99", "perfect")),
        (_("Forwarded, but signed"), query("198.18.99.99", "perfect", **signed)),
        (
            _("Through a mailing service"),
            query("198.18.150.7", "perfect", mail_from=f"news@dmarc-quarantine.{LESSON}"),
        ),
        (_("A bounce"), query("198.18.1.1", "perfect", mail_from=NULL, helo="mx1.@@")),
        (_("Forged from a subdomain"), query("198.18.99.99", "news.dmarc-parent")),
        (_("A policy in test"), query("198.18.99.99", "dmarc-testing")),
        (_("A record for older receivers"), query("198.18.99.99", "dmarc-legacy")),
        ("p=none", query("198.18.99.99", "dmarc-monitoring")),
        (_("Too many lookups"), query("198.18.99.99", "spf-lookups")),
    )


TOOL = Tool(
    slug="would-it-pass",
    group="analyse",
    article="alignment",
    title=gettext_lazy("Would this mail pass?"),
    summary=gettext_lazy(
        "Who sends, from where, in whose name: see step by step what SPF, DKIM and DMARC make of "
        "it, and what to change."
    ),
    button=gettext_lazy("Judge the mail"),
    form=Form,
    run=run,
    template="tools/delivery/would_it_pass.html",
    command="would-pass",
    examples=examples,
)
