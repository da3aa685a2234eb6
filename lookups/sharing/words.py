"""How a report is shared, said in a tag and in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _

from lookups.models import Report
from lookups.sharing.access import audience
from lookups.watching.models import Watch


@dataclass(frozen=True, slots=True)
class State:
    """`kind`: open, until, ended, revoked, team, me. The sentence is for those on the inside."""

    kind: str
    tag: str
    sentence: str

    @property
    def is_open(self) -> bool:
        return self.kind in ("open", "until")


def state(report: Report) -> State:
    """Of a report with its `watch` at hand (or without one)."""
    team = report.watch.team if report.watch else None
    among = audience(report)
    if among != Report.Visibility.LINK:
        if among == Report.Visibility.TEAM and team:
            text = _("Only the people of the team %(team)s can read this report.")
            return State("team", _("Team only"), text % {"team": team.name})
        return State("me", _("Only you"), _("Only you can read this report."))
    if report.revoked_at:
        return State("revoked", _("Link revoked"), _revoked(bool(team)))
    if report.link_ends and report.link_ends <= timezone.now():
        text = _("The link stopped working on %(at)s UTC. Those it was sent to cannot open it.")
        return State("ended", _("Link has ended"), text % {"at": when(report.link_ends)})
    return _linked(report)


def _linked(report: Report) -> State:
    if report.link_ends:
        at = {"at": when(report.link_ends)}
        text = _("Whoever has the link can read this report until %(at)s UTC.")
        return State("until", _("Link until %(at)s") % {"at": day(report.link_ends)}, text % at)
    if report.expires:
        text = _("Whoever has the link can read this report until %(date)s.")
        return State("open", _("Link"), text % {"date": day(report.expires)})
    return State("open", _("Link"), _("Whoever has the link can read this report."))


def _revoked(team: bool) -> str:
    if team:
        return _("The link is revoked: only you and the team can open it.")
    return _("You have revoked this link: only you can open it.")


def when(moment: datetime) -> str:
    return date_format(moment, "Y-m-d H:i")


def day(moment: datetime) -> str:
    return date_format(moment, "Y-m-d")


def offered(report: Report) -> dict[str, str]:
    """The choices of who may read it. For oneself alone is no choice in the history of a team."""
    watch: Watch | None = report.watch
    choices = {Report.Visibility.LINK: _("Whoever has the link")}
    if watch and watch.team:
        text = _("The people of the team %(team)s") % {"team": watch.team.name}
        return choices | {Report.Visibility.TEAM: text}
    return choices | {Report.Visibility.ME: _("Only me")}


def chosen(report: Report) -> str:
    """Which of `offered` holds now: without a team, its people are the owner alone."""
    among = audience(report)
    if among in offered(report):
        return among
    return Report.Visibility.ME if among == Report.Visibility.TEAM else Report.Visibility.TEAM
