"""An SPF record without includes: the networks written out, and what that costs to keep right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from lookups.engine.checks import spf as check
from lookups.engine.checks.spf_flat import ForestTree, grown, origins
from lookups.engine.checks.spf_tree import Forest
from lookups.engine.context import Context
from lookups.engine.dmarc.suffixes import organizational_domain
from lookups.engine.names import Domain
from lookups.engine.records import spf
from lookups.engine.records.recognise import recognise
from lookups.engine.records.spf import Mechanism
from lookups.engine.records.txt import quoted_strings, text_of
from lookups.engine.spf.address_set import AddressSet
from lookups.engine.spf.flatten import LIMIT, Exempt, Flat, flatten
from lookups.engine.spf.lookups import MAX_LOOKUPS
from lookups.tools.base import Result, Tool, ToolError, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.fields import DomainField, RecordField, plain
from lookups.tools.providers import sender_of
from lookups.tools.publish import publication

from .expected import Expected, expected
from .made import Made

MAX_DOMAIN = 245  # characters, so that _s10 fits in front of it
MAX_LISTED = 200  # networks of a difference that are named


class Form(ToolForm):
    positional = ("domain",)
    folded = ("limit",)

    domain = DomainField(label=gettext_lazy("Domain"), placeholder="example.com")
    record = RecordField(
        label=gettext_lazy("The record with its includes"),
        help_text=gettext_lazy(
            "If empty, the one that the domain publishes. Once that is flat, keep the original "
            "elsewhere and paste it here: you will be told what has changed since."
        ),
        placeholder="v=spf1 include:_spf.example.net ~all",
        required=False,
    )
    limit = forms.IntegerField(
        label=gettext_lazy("Octets of one record at most"),
        help_text=gettext_lazy("What is longer is spread over records that the first includes."),
        min_value=100,
        max_value=2000,
        initial=LIMIT,
        widget=forms.NumberInput(plain(inputmode="numeric")),
    )

    def clean_domain(self) -> Domain:
        domain: Domain = self.cleaned_data["domain"]
        if len(domain.ascii) > MAX_DOMAIN:
            raise forms.ValidationError(
                _("That is too long: at most %(count)d characters.") % {"count": MAX_DOMAIN}
            )
        return domain

    def clean_record(self) -> str:
        text = self.cleaned_data["record"]
        if not text:
            return ""
        found = recognise(text, "spf")
        value = found[0].value if found else text
        if len(found) > 1 or not spf.is_spf(value):
            raise forms.ValidationError(_("That is no SPF record. It begins with v=spf1."))
        _refuse_broken(value)
        return value


def _refuse_broken(text: str) -> None:
    wrong = next((p for p in spf.audit(text).problems if p.is_fatal), None)
    if wrong:
        raise forms.ValidationError(
            _("“%(term)s” at column %(column)d is wrong: receivers refuse the whole record.")
            % {"term": wrong.text[:60], "column": wrong.column}
        )


@dataclass(frozen=True, slots=True)
class SourceView:
    """Somebody's record sets that were copied: whose, which, the shortest TTL in seconds."""

    owner: str
    names: tuple[str, ...]
    ttl: int
    foreign: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """What has changed against what the domain publishes now."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlatMade(Made):
    """The flat records, what they save, and what they cost."""

    needs_dns: ClassVar[bool] = True

    expected: Expected | None = None
    lookups_before: int = 0
    octets_before: int = 0
    octets: int = 0  # of the longest record
    networks: int = 0
    sources: tuple[SourceView, ...] = ()
    until: datetime | None = None
    difference: Difference | None = None
    exempt: tuple[str, ...] = ()

    @property
    def lookups(self) -> int:
        return int(self.expected.records.get("lookups") or 0) if self.expected else 0

    @property
    def needed(self) -> bool:
        return self.lookups_before > MAX_LOOKUPS

    @property
    def limit(self) -> int:
        return MAX_LOOKUPS

    @property
    def over_limit(self) -> bool:
        return self.lookups > MAX_LOOKUPS

    @property
    def foreign(self) -> tuple[SourceView, ...]:
        return tuple(source for source in self.sources if source.foreign)

    def lines(self) -> Iterator[str]:
        yield from Made.lines(self)
        for sentence in self.exempt:
            yield f"; {sentence}"
        counts = {"before": self.lookups_before, "after": self.lookups}
        yield "; " + _("Lookups: %(before)d before, %(after)d after") % counts
        if self.difference:
            yield from (f"; + {network}" for network in self.difference.added)
            yield from (f"; - {network}" for network in self.difference.removed)
        if self.until:
            yield "; " + _("Look again by %s") % self.until.isoformat(timespec="minutes")


async def run(data: dict[str, Any], dns: Dns) -> Result:
    domain, given = data["domain"], data["record"]
    pretended = {(domain.ascii, "TXT"): (quoted_strings(given),)} if given else None
    context = dns.context(domain, as_if=pretended)
    try:
        forest = await grown(context)
        if forest is None:
            raise ToolError(await _why_not(context))
    finally:
        context.close()
    original = forest.sources[forest.root].record
    flat = flatten(ForestTree(forest))
    if isinstance(flat.end, Mechanism) and flat.end.qualifier == "+":
        raise ToolError(_("The record ends in +all: everybody may send. Mend that first."))
    texts = flat.records(domain.ascii, data["limit"])
    if len(texts) - 1 > MAX_LOOKUPS:
        message = _("The networks fill %(count)d records, and only %(limit)d can be included.")
        raise ToolError(message % {"count": len(texts) - 1, "limit": MAX_LOOKUPS})
    records = [await publication(name, "TXT", text, domain.ascii) for name, text in texts]
    will = await expected(check.check, dns, domain, records)
    sources = await _sources(forest)
    shortest = min((source.ttl for source in sources), default=None)
    made = FlatMade(
        tuple((record, "spf") for record in records),
        tuple(_notes(forest, flat, texts, given)),
        expected=will,
        lookups_before=forest.tree().cost,
        octets_before=len(original.text.encode()) if original else 0,
        octets=max(len(text) for _name, text in texts),
        networks=sum(len(run.addresses.networks) for run in flat.runs),
        sources=sources,
        until=context.now + timedelta(seconds=shortest) if shortest is not None else None,
        difference=await _difference(dns, domain, flat.passing) if given else None,
        exempt=tuple(dict.fromkeys(_exempt((*flat.kept, *flat.left_out)))),
    )
    return _with_json(made, flat)


async def _why_not(context: Context) -> str:
    """Why there is no record that could be written out."""
    domain = context.domain.unicode
    answer = await context.query(context.name, "TXT")
    texts = [text for r in answer.records if spf.is_spf(text := text_of(r.strings))]
    if answer.outcome.is_failure:
        return _("DNS did not say which SPF record %s has. Paste it here.") % domain
    if not texts:
        return _("%s has no SPF record. Paste the one to write out.") % domain
    if len(texts) > 1:
        return _("%s has several SPF records, which is an error. Make one of them first.") % domain
    try:
        _refuse_broken(texts[0])
    except forms.ValidationError as error:
        return str(error.message)
    return ""


async def _difference(dns: Dns, domain: Domain, passing: AddressSet) -> Difference | None:
    """Against the addresses that pass by what is published; None where that is not known."""
    context = dns.context(domain)
    try:
        forest = await grown(context)
    finally:
        context.close()
    if forest is None:
        return None
    now = flatten(ForestTree(forest)).passing
    return Difference(_listed(passing - now), _listed(now - passing))


def _listed(addresses: AddressSet) -> tuple[str, ...]:
    return tuple(str(network) for network in addresses.networks[:MAX_LISTED])


async def _sources(forest: Forest) -> tuple[SourceView, ...]:
    """What was copied, by whom it belongs to: one's own first, then by name."""
    own = await organizational_domain(forest.root)
    found: dict[str, list[tuple[str, int]]] = {}
    for origin in origins(forest):
        service = sender_of(origin.domain)
        owner = service.title if service else await organizational_domain(origin.domain)
        found.setdefault(owner, []).append((f"{origin.type} {origin.domain}", origin.ttl))
    made = []
    for owner, sets in sorted(found.items(), key=lambda item: (item[0] != own, item[0])):
        names = tuple(dict.fromkeys(name for name, _ttl in sets))
        made.append(SourceView(owner, names, min(ttl for _name, ttl in sets), owner != own))
    return tuple(made)


def _notes(forest: Forest, flat: Flat, texts: list[tuple[str, str]], given: str) -> Iterator[str]:
    original = forest.sources[forest.root].record
    if original and flat.text == original.text:
        yield _("Nothing is left to write out: the record has networks only.")
        if not given:
            yield _("To learn what has changed, paste the record from which this one was made.")
    if len(texts) > 1:
        yield ngettext(
            "Publish the record below first, and the one that includes it last.",
            "Publish the %(count)d records below first, and the one that includes them last.",
            len(texts) - 1,
        ) % {"count": len(texts) - 1}
    if forest.is_cut:
        yield _("The tree is larger than what is looked at: some of it stays an include.")


def _exempt(found: Iterable[Exempt]) -> Iterator[str]:
    """What could not be written out, in words."""
    words = {
        "exists": _("“%(term)s” of %(domain)s asks anew for each message: kept."),
        "ptr": _("“%(term)s” of %(domain)s goes by the name of each address: kept."),
        "macro": _("“%(term)s” of %(domain)s depends on the message: kept."),
        "failed": _("DNS gave no usable answer for “%(term)s” of %(domain)s: kept."),
        "cut": _("“%(term)s” of %(domain)s was not followed: kept."),
        "everyone": _("“%(term)s” of %(domain)s permits everybody: kept. Remove it."),
        "order": _("“%(term)s” of %(domain)s excludes before it permits: kept."),
        "loop": _("“%(term)s” of %(domain)s leads in a circle: left out."),
    }
    broken = _("“%(term)s” of %(domain)s leads to no usable SPF record: left out.")
    for exempt in found:
        shown = {"term": exempt.term[:80], "domain": exempt.domain[:80]}
        yield words.get(exempt.why, broken) % shown


def _with_json(made: FlatMade, flat: Flat) -> FlatMade:
    def told(found: tuple[Exempt, ...]) -> list[dict[str, str]]:
        return [{"term": e.term, "domain": e.domain, "why": e.why} for e in found]

    difference = made.difference
    more: dict[str, Any] = {
        "before": {"lookups": made.lookups_before, "octets": made.octets_before},
        "after": {"lookups": made.lookups, "octets": made.octets, "networks": made.networks},
        "kept": told(flat.kept),
        "left_out": told(flat.left_out),
        "sources": [
            {"owner": s.owner, "names": list(s.names), "ttl": s.ttl, "foreign": s.foreign}
            for s in made.sources
        ],
        "until": made.until.isoformat(timespec="seconds") if made.until else None,
        "difference": difference
        and {"added": list(difference.added), "removed": list(difference.removed)},
    }
    return replace(made, more=tuple(more.items()))


def _examples() -> tuple[tuple[str, str], ...]:
    return (
        (_("Too many lookups"), "domain=spf-lookups.classroom.test"),
        (_("Not needed at all"), "domain=spf-softfail.classroom.test"),
        (_("With macros"), "domain=spf-old-habits.classroom.test"),
    )


TOOL = Tool(
    slug="spf-flattener",
    group="generate",
    article="spf-limit",
    title=gettext_lazy("SPF flattener"),
    summary=gettext_lazy(
        "Write out the includes of an SPF record as networks, and see what that costs to keep "
        "right."
    ),
    button=gettext_lazy("Write it out"),
    form=Form,
    run=run,
    template="tools/generate/spf_flat.html",
    command="generate spf-flat",
    examples=_examples,
)
