"""Where reports on a domain are delivered, and the records that say so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from lookups.engine.names import parse_domain
from lookups.engine.records import tls_rpt, txt
from lookups.hosted.intake import LOCAL_PART
from lookups.hosted.models import ReportBox
from lookups.tools.base import ToolError
from lookups.tools.dns import Dns
from lookups.tools.generate import dmarc as dmarc_generator
from lookups.tools.generate import tls_rpt as tls_generator
from lookups.tools.generate.made import Made
from lookups.tools.publish import PublicationView
from lookups.watching.models import Watch


@dataclass(frozen=True, slots=True)
class Addresses:
    """`web` takes both kinds by POST; `mail` is empty where the operator set up no mail."""

    web: str
    mail: str

    @property
    def is_public(self) -> bool:
        """Whether `web` can stand in a TLS-RPT record, which knows only https (RFC 8460 §3)."""
        return self.web.startswith("https:")


@dataclass(slots=True)
class Ready:
    """Records to publish, those of the domain first; `consent` belongs into this site's zone."""

    dmarc: PublicationView | None = None
    tls: PublicationView | None = None
    consent: list[PublicationView] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def addresses(box: ReportBox) -> Addresses:
    web = settings.PUBLIC_URL + reverse("deliver-report", args=[box.token])
    domain = settings.REPORT_MAIL_DOMAIN
    return Addresses(web, f"{LOCAL_PART}{box.token}@{domain}" if domain else "")


def ready_records(watch: Watch, box: ReportBox) -> Ready:
    """The DMARC and TLS-RPT records of the domain as they are, with the addresses added."""
    return async_to_sync(_ready)(watch.domain, addresses(box))


async def _ready(domain: str, where: Addresses) -> Ready:
    ready = Ready()
    async with Dns() as dns:
        if where.mail:
            await _dmarc(ready, domain, where.mail, dns)
        uris = [where.web] if where.is_public else []
        uris += [f"mailto:{where.mail}"] if where.mail else []
        if uris:
            await _tls(ready, domain, uris, dns)
    return ready


async def _dmarc(ready: Ready, domain: str, mail: str, dns: Dns) -> None:
    """The record in force with one more address; of a parent's, its policy is taken over."""
    data: dict[str, str] = {}
    try:
        begun = await dmarc_generator.begin(parse_domain(domain), dns)
        data = dict(begun.data)
        ready.notes += begun.notes
    except ToolError as refusal:
        ready.notes.append(refusal.message)
    data["domain"] = domain
    data["rua"] = _with(data.get("rua", "").split(), [mail], mail.rpartition("@")[2])
    made = await _made(dmarc_generator.Form, dmarc_generator.run, data, dns)
    if made is None:
        ready.notes.append(_("The DMARC record cannot take one more address: add it by hand."))
        return
    ready.dmarc, *ready.consent = [
        view for view in made.views if view.record.name == f"_dmarc.{domain}" or _is_ours(view)
    ]


def _is_ours(view: PublicationView) -> bool:
    """A record of consent for this site's own domain; others are not ours to ask for."""
    return view.record.name.endswith(f"._report._dmarc.{settings.REPORT_MAIL_DOMAIN}")


async def _tls(ready: Ready, domain: str, uris: list[str], dns: Dns) -> None:
    answer = await dns.resolver().query(f"_smtp._tls.{domain}", "TXT")
    texts = [txt.text_of(record.strings) for record in answer.records[:20]]
    records = [tls_rpt.parse(text) for text in texts if tls_rpt.is_record(text)]
    present = [each.text for each in records[0].usable] if len(records) == 1 else []
    ours = settings.REPORT_MAIL_DOMAIN
    data = {"domain": domain, "rua": _with(present, uris, ours)}
    made = await _made(tls_generator.Form, tls_generator.run, data, dns)
    if made is None:
        ready.notes.append(_("The TLS-RPT record cannot take one more address: add it by hand."))
        return
    ready.tls = made.views[0]


def _with(present: list[str], added: list[str], ours: str) -> str:
    """Without earlier addresses of this mailbox, which are closed since they were renewed."""
    web = settings.PUBLIC_URL + reverse("deliver-report", args=["x"]).removesuffix("x/")
    mailbox = f"@{ours}" if ours else None
    kept = [
        each
        for each in present
        if not each.startswith(web)
        and not (mailbox and LOCAL_PART in each and each.lower().endswith(mailbox))
    ]
    return " ".join(dict.fromkeys([*kept, *added]))


async def _made(form_class: Any, run: Any, data: dict[str, Any], dns: Dns) -> Made | None:
    form = form_class(form_class.completed(data))
    if not form.is_valid():
        return None
    try:
        made: Made = await run(form.cleaned_data, dns)
    except ToolError:
        return None
    return made
