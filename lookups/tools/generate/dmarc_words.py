"""What a DMARC record does, and where it stands on the way to enforcement, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from lookups.engine.dmarc.walk import lowered, rank
from lookups.engine.records.dmarc import Record
from lookups.engine.records.dmarc_write import Settings, write

MAX_CHANGES = 12
MANY_ADDRESSES = 2  # which all receivers serve


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of enforcement (RFC 9989 §5.1). `todo`: what comes before the next one."""

    id: str
    title: str
    record: str
    is_current: bool
    is_done: bool
    todo: str = ""


def stages(settings: Settings) -> tuple[Stage, ...]:
    """From monitoring to refusal, and where `settings` stands."""
    effective = lowered(settings.policy) if settings.testing else settings.policy
    current = {"none": 0, "quarantine": 2, "reject": 3}[effective]
    if effective == "none" and settings.policy == "quarantine":
        current = 1  # p=quarantine with t=y
    words = (
        ("monitor", _("Watch"), "p=none"),
        ("test", _("Test"), "p=quarantine; t=y"),
        ("quarantine", _("Quarantine"), "p=quarantine"),
        ("reject", _("Reject"), "p=reject"),
    )
    return tuple(
        Stage(id, title, text, n == current, n < current, _todo(id) if n == current else "")
        for n, (id, title, text) in enumerate(words)
    )


def _todo(stage: str) -> str:
    return {
        "monitor": _(
            "Before the next step: read the reports for some weeks, until every service that sends "
            "as your domain passes with SPF or DKIM that is aligned."
        ),
        "test": _(
            "Before the next step: look in the reports for mailing lists and forwarders that still "
            "fail. Older receivers ignore t=y and quarantine already."
        ),
        "quarantine": _(
            "Before the next step: wait a month in which nothing of your own fails. If your people "
            "write to mailing lists, stay here, as RFC 9989 §7.4 advises: reject makes lists "
            "refuse their mail or drop subscribers."
        ),
        "reject": _(
            "There is no further step. Go on reading the reports: the next service that sends as "
            "your domain must be set up before it sends."
        ),
    }[stage]


def effects(settings: Settings, domain: str) -> Iterator[str]:
    """What receivers are asked to do, sentence by sentence."""
    below = settings.subdomains or settings.policy
    missing = settings.nonexistent or below
    yield _fate(settings.policy) % {"whom": domain}
    if below != settings.policy:
        yield _fate(below) % {"whom": _("its subdomains")}
    if missing != below:
        yield _fate(missing) % {"whom": _("subdomains that do not exist")}
    if settings.testing and settings.policy != "none":
        yield _("As it is a test (t=y), they act as if the policy were %(policy)s.") % {
            "policy": lowered(settings.policy)
        }
    if "s" in (settings.adkim, settings.aspf):
        yield _("Where alignment is strict, only the very same domain counts, no subdomain of it.")


def _fate(policy: str) -> str:
    return {
        "none": _("Mail of %(whom)s that fails is treated as without DMARC; it is only reported."),
        "quarantine": _("Mail of %(whom)s that fails is treated as suspicious, mostly as junk."),
        "reject": _("Mail of %(whom)s that fails is refused."),
    }[policy]


def notes(
    settings: Settings, destinations: Sequence[dict[str, Any]], failures: bool
) -> Iterator[str]:
    """What whoever publishes the record should know."""
    below = settings.subdomains or settings.policy
    if rank(below) < rank(settings.policy) or (
        settings.nonexistent and rank(settings.nonexistent) < rank(below)
    ):
        yield _("Forgers go where the policy is weaker: make that of subdomains as strict.")
    if settings.testing and settings.policy == "none":
        yield _("With policy none there is nothing to test: t=y changes nothing.")
    if failures and not settings.ruf:
        yield _("fo says when to report to ruf; as there is no ruf, it was left out.")
    if len(settings.rua) > MANY_ADDRESSES:
        yield _("Receivers may limit to how many addresses they send reports: two are safe.")
    consents = {each["consent"] for each in destinations}
    if "missing" in consents:
        yield _(
            "Reports go to another organization that has not agreed yet. Until it publishes the "
            "record below, receivers send nothing there."
        )
    if "unknown" in consents:
        yield _("DNS left open whether another organization agreed to take the reports.")


def changes(record: Record, settings: Settings) -> Iterator[str]:
    """What is different in the form from the record as it was published."""
    gone = {p.tag: p.found for p in record.problems if p.code == "removed"}
    share = gone.pop("pct", None)
    if share == "0":
        yield _("pct=0 became t=y: since RFC 9989 that is how to say it.")
    elif share is not None:
        yield _(
            "pct=%(share)s was taken out: since RFC 9989 receivers ignore it, and the policy holds "
            "for all mail."
        ) % {"share": share}
    if gone:
        tags = ", ".join(f"{tag}={value}" for tag, value in gone.items())
        yield _("Taken out, as RFC 9989 removed it: %(tags)s.") % {"tags": tags}
    if any(problem.code == "size" for problem in record.problems):
        yield _("The limits behind “!” were taken out of addresses: receivers ignore them.")
    if any(problem.code == "fo-without-ruf" for problem in record.problems):
        yield _("fo says when to report to ruf; as there is no ruf, it was left out.")
    told = ("removed", "size", "fo-without-ruf")
    others = [problem for problem in record.problems if problem.code not in told]
    for problem in others[:MAX_CHANGES]:
        meant = problem.meant[0] if len(problem.meant) == 1 else ""
        found = problem.found or problem.tag
        if problem.code == "scheme":
            yield _("“%(found)s” is not for mail; hardly any receiver sends reports there.") % {
                "found": found
            }
        elif meant and meant in write(settings):
            yield _("“%(found)s” was mended to “%(meant)s”.") % {"found": found, "meant": meant}
        else:
            yield _("Look at this: “%(found)s” in the record is wrong.") % {"found": found}
