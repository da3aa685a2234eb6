"""Forms of alerts: how one person is told, what of a domain, and where webhooks are."""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from lookups.alerts.kinds import Kind, all_kinds
from lookups.alerts.models import AlertSettings, Least, Webhook
from lookups.alerts.webhooks import host_of
from lookups.engine.addresses import may_be_reached
from lookups.engine.fetch import MAX_URL, FetchError
from lookups.models import Membership, Team
from lookups.tools.fields import plain

AREAS = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia"),
    *("Atlantic", "Australia", "Europe", "Indian", "Pacific"),
)
WEEKDAYS = (
    *((0, _("Monday")), (1, _("Tuesday")), (2, _("Wednesday")), (3, _("Thursday"))),
    *((4, _("Friday")), (5, _("Saturday")), (6, _("Sunday"))),
)
HOURS = tuple((hour, f"{hour:02}:00") for hour in range(24))
MINE = "me"
EDITORS = (Membership.Role.OWNER, Membership.Role.EDITOR)


@cache
def time_zones() -> list[tuple[str, Any]]:
    """UTC, then all places by area, as a select shows them."""
    names = sorted(available_timezones())
    areas = [(area, [n for n in names if n.startswith(area + "/")]) for area in AREAS]
    grouped = [
        (area, [(name, name.partition("/")[2].replace("_", " ")) for name in found])
        for area, found in areas
        if found
    ]
    return [("UTC", "UTC"), *grouped]


class KindsField(forms.MultipleChoiceField):
    """What one is told of; at least one kind."""

    def __init__(self, **kwargs: Any) -> None:
        error = {"required": _("Choose at least one, or switch it off altogether.")}
        options = {"choices": Kind.choices, "initial": all_kinds, "error_messages": error}
        super().__init__(**options | {"widget": forms.CheckboxSelectMultiple} | kwargs)


class AlertSettingsForm(forms.ModelForm):
    """How one person is told of changes; and which teams are silent."""

    email = forms.BooleanField(label=_("Tell me by email"), required=False)
    least = forms.ChoiceField(label=_("What is worth a mail"), choices=Least.choices)
    rhythm = forms.ChoiceField(label=_("When"), choices=AlertSettings.Rhythm.choices)
    hour = forms.TypedChoiceField(label=_("Hour, if all together"), choices=HOURS, coerce=int)
    weekday = forms.TypedChoiceField(label=_("Day, if once a week"), choices=WEEKDAYS, coerce=int)
    quiet_from = forms.TimeField(
        label=_("Quiet from"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
    )
    quiet_to = forms.TimeField(
        label=_("Quiet until"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        help_text=_("Mails wait until the quiet hours end. Leave both empty for none."),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=time_zones)
    language = forms.ChoiceField(label=_("Language of the mails"), required=False)
    teams = forms.MultipleChoiceField(
        label=_("Teams about whose domains I get mail"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = AlertSettings
        fields = (
            *("email", "least", "rhythm", "hour", "weekday", "quiet_from", "quiet_to"),
            *("time_zone", "language"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        languages = [(code, _(name)) for code, name in settings.LANGUAGES]
        same = ("", _("The one in which I use the site"))
        self.fields["language"].choices = [same, *languages]
        rows = Membership.objects.filter(user=self.instance.user).select_related("team")
        self.memberships = list(rows.order_by("team__name", "pk"))
        if self.memberships:
            names = [(row.team.token, row.team.name) for row in self.memberships]
            self.fields["teams"].choices = names
            heard = [row.team.token for row in self.memberships if not row.muted]
            self.initial["teams"] = heard
        else:
            del self.fields["teams"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        begin, end = data.get("quiet_from"), data.get("quiet_to")
        broken = "quiet_from" in self.errors or "quiet_to" in self.errors
        if not broken and (begin is None) != (end is None):
            missing = "quiet_from" if begin is None else "quiet_to"
            self.add_error(missing, _("Quiet hours need a beginning and an end."))
        elif begin is not None and begin == end:
            self.add_error("quiet_to", _("The quiet hours would last all day. Choose another end."))
        return data

    def save_teams(self) -> None:
        """Mutes the teams that are not chosen."""
        heard = set(self.cleaned_data.get("teams", ()))
        for row in self.memberships:
            muted = row.team.token not in heard
            Membership.objects.filter(pk=row.pk).exclude(muted=muted).update(muted=muted)


class WebhookForm(forms.ModelForm):
    """Where alerts are posted to, and which."""

    url = forms.CharField(
        label=_("Address (URL)"),
        max_length=MAX_URL,
        widget=forms.TextInput(plain(inputmode="url", placeholder="https://hooks.example.com/…")),
    )
    kinds = KindsField(label=_("Tell it of"))
    holder = forms.ChoiceField(label=_("Whose domains"), required=False)

    class Meta:
        model = Webhook
        fields = ("url", "kinds")

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = {team.token: team for team in Team.objects.of(user, *EDITORS)}
        if self.teams and self.instance.pk is None:
            names = [(token, team.name) for token, team in self.teams.items()]
            self.fields["holder"].choices = [(MINE, _("My own")), *names]
        else:
            del self.fields["holder"]

    @property
    def team(self) -> Team | None:
        return self.teams.get(self.cleaned_data.get("holder", MINE))

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        try:
            host = host_of(url)
        except FetchError as error:
            if error.code == "not-https":
                text = _("It must begin with https://, so that nobody on the way can read along.")
            else:
                text = _(
                    "This is not an address that can be posted to. Port 443 alone is spoken to."
                )
            raise forms.ValidationError(text) from None
        if not _is_public(host):
            text = _("This address is not public: nothing is sent into private networks.")
            raise forms.ValidationError(text)
        return url


def _is_public(host: str) -> bool:
    """Names are judged when they are resolved, each time anew."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return True
    return may_be_reached(address, lesson=False, never=settings.FORBIDDEN_NETWORKS)
