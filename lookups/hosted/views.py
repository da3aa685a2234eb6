"""The pages of a proven domain: the proof itself, and the MTA-STS policy that is hosted for it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from lookups import happenings
from lookups.engine.checks.mail_hosts import mail_hosts
from lookups.engine.names import parse_domain
from lookups.engine.records import mta_sts
from lookups.hosted import policies, proof, words
from lookups.hosted.forms import PolicyForm
from lookups.hosted.models import HostedPolicy, Proving
from lookups.presentation import section_view
from lookups.tools.base import ToolError
from lookups.tools.check.running import run_checks
from lookups.tools.dns import Dns
from lookups.tools.generate import mta_sts as generator
from lookups.tools.publish import PublicationView, publication
from lookups.watching.models import Watch
from lookups.watching.views import of_watch

TOPIC = "mta-sts"


# --- proof of ownership --------------------------------------------------------------------------
@of_watch("GET", "HEAD", "POST", edits=True)
def proof_page(request: HttpRequest, watch: Watch) -> HttpResponse:
    """The record to publish, and how it stands; POST looks for it now."""
    seen = None
    if request.method == "POST":
        was_proven = watch.verified_at is not None
        seen = proof.look_now(watch)
        if seen.is_proof:
            if not was_proven:
                told = {"domain": watch.domain}
                happenings.tell(request.user, happenings.OWNERSHIP_PROVEN, **told)
            messages.success(request, words.seen(seen))
            return redirect("watch-proof", token=watch.token)
    proving = Proving.objects.filter(watch=watch).first()
    name, text = watch.proof_record
    context = {
        "watch": watch,
        "proving": proving,
        "trouble": words.trouble(proving.trouble) if proving else "",
        "days_to_lose": proof.DAYS_TO_LOSE,
        "seen": seen,
        "seen_words": words.seen(seen) if seen else "",
        "record": _published(name, "TXT", text, "txt", watch),
    }
    return render(request, "lookups/hosted/proof.html", context)


def _published(name: str, type: str, value: str, kind: str, watch: Watch) -> Any:
    """A record to publish; None where the name is longer than names in DNS may be."""
    try:
        record = async_to_sync(publication)(name, type, value, watch.domain)
    except ToolError:
        return None
    return PublicationView(record, kind)


# --- the policy ----------------------------------------------------------------------------------
@of_watch("GET", "HEAD", "POST", edits=True)
def policy_page(request: HttpRequest, watch: Watch) -> HttpResponse:
    """The policy, the records to publish, and with `?look=1` whether it works.

    POST `do`: "publish" (the form), "withdraw", or "end" (`sure`: before its time).
    """
    policy = HostedPolicy.objects.filter(watch=watch).first()
    form = None
    if request.method == "POST":
        do = request.POST.get("do", "publish")
        if do == "publish" and watch.verified_at:
            form = PolicyForm(request.POST)
            if form.is_valid() and _publish(request, watch, form):
                return redirect("watch-mta-sts", token=watch.token)
        elif do in ("withdraw", "end") and policy:
            return _leave(request, watch, policy, do)
        else:
            raise Http404
    context = _policy_context(request, watch, policy, form)
    status = 400 if form and form.errors else 200
    return render(request, "lookups/hosted/policy.html", context, status=status)


def _publish(request: HttpRequest, watch: Watch, form: PolicyForm) -> bool:
    """Whether the policy of the form is served now; what is in the way goes into its errors."""
    mode, mx = form.cleaned_data["mode"], form.cleaned_data["mx"]
    if mode == HostedPolicy.Mode.ENFORCE:
        hosts = async_to_sync(_mail_hosts)(watch)
        missing = [host for host in hosts if not mta_sts.pattern_of(host, mx)]
        if missing:
            text = _("No pattern allows %(hosts)s: with enforce, no mail goes there.")
            form.add_error("mx", text % {"hosts": ", ".join(missing[:5])})
            return False
    try:
        policies.publish(watch, mode, mx, int(form.cleaned_data["max_age"]))
    except (policies.Elsewhere, IntegrityError):
        form.add_error(None, _elsewhere())
        return False
    text = _("The policy is served. If its id has changed, publish the new TXT record.")
    messages.success(request, text)
    return True


def _elsewhere() -> str:
    return _(
        "Somebody else has proven this domain too and hosts its policy here. A domain has one "
        "policy: agree on who keeps it."
    )


async def _mail_hosts(watch: Watch) -> list[str]:
    """The hosts of the MX records; none where DNS does not tell."""
    async with Dns() as dns:
        mail = await mail_hosts(dns.context(parse_domain(watch.domain)))
        return [host.text for host in mail.hosts]


def _leave(request: HttpRequest, watch: Watch, policy: HostedPolicy, do: str) -> HttpResponse:
    if do == "withdraw":
        policies.withdraw(policy)
        messages.success(
            request, _("The policy now says none. Publish the TXT record with its id.")
        )
    elif policy.may_end(timezone.now()) or "sure" in request.POST:
        policy.delete()
        messages.success(request, _("The policy is no longer served from here."))
    else:
        text = _("Senders may still hold a policy. Tick the box to switch the hosting off anyway.")
        messages.error(request, text)
    return redirect("watch-mta-sts", token=watch.token)


def _policy_context(
    request: HttpRequest, watch: Watch, policy: HostedPolicy | None, form: PolicyForm | None
) -> dict[str, Any]:
    now = timezone.now()
    context: dict[str, Any] = {
        "watch": watch,
        "policy": policy,
        "form": form,
        "elsewhere": _elsewhere() if policies.elsewhere(watch) else "",
        "unreachable": not settings.SECURE,
        "site_host": settings.POLICY_HOST,
        "public_host": urlsplit(settings.PUBLIC_URL).hostname,
    }
    if form is None and watch.verified_at:
        data, context["notes"] = _beginning(watch, policy)
        context["form"] = PolicyForm(initial=data)
    if policy:
        context |= {
            "may_end": policy.may_end(now),
            "cname": _published(policy.host, "CNAME", f"{settings.POLICY_HOST}.", "cname", watch),
            "txt": _published(
                f"_mta-sts.{watch.domain}",
                "TXT",
                mta_sts.record_text(policy.policy_id),
                TOPIC,
                watch,
            ),
        }
        if policy.mode == HostedPolicy.Mode.NONE:
            steps = list(policies.advice(policy, {}, now))
            context["advice"] = [(step, words.advice(step)) for step in steps]
        elif "look" in request.GET:
            context |= _looked(watch, policy)
    return context


def _beginning(watch: Watch, policy: HostedPolicy | None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the form holds at first: the hosted policy, or the published one, or the MX hosts."""
    if policy:
        mode, kept = policy.mode, policy.max_age
        if mode == HostedPolicy.Mode.NONE:  # taken up again, it begins as every policy does
            mode, kept = HostedPolicy.Mode.TESTING, mta_sts.STARTING_AGE
        age = min(generator.AGES, key=lambda choice: abs(choice - kept))
        return {"mode": mode, "mx": "\n".join(policy.mx), "max_age": str(age)}, ()
    try:
        begun = async_to_sync(_begun)(watch)
    except ToolError as refusal:
        return {}, (refusal.message,)
    return begun.data, begun.notes


async def _begun(watch: Watch) -> Any:
    async with Dns() as dns:
        return await generator.begin(parse_domain(watch.domain), dns)


def _looked(watch: Watch, policy: HostedPolicy) -> dict[str, Any]:
    """The check of the topic, as it is now, and the step that follows from it."""
    section = async_to_sync(_checked)(watch)
    steps = list(policies.advice(policy, section.get("records") or {}, timezone.now()))
    return {
        "advice": [(step, words.advice(step)) for step in steps],
        "section": section_view(section, get_language() or "en"),
    }


async def _checked(watch: Watch) -> dict[str, Any]:
    async with Dns() as dns:
        checked = await run_checks(dns, parse_domain(watch.domain), [TOPIC])
        return dict(checked.sections[TOPIC])
