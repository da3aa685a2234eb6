"""Forms of watched domains: adding one, what is set for it, and what to look for in the list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from lookups.alerts.forms import KindsField
from lookups.models import Membership, Team
from lookups.tools.fields import DomainField, SelectorsField
from lookups.watching.models import Watch
from lookups.watching.search import DEFAULT_ORDER, SORTS

MINE = "me"
INTERVALS = {
    Watch.Interval.OFF: _("Only when I ask for it"),
    Watch.Interval.HOURLY: _("Every hour"),
    Watch.Interval.DAILY: _("Every day"),
    Watch.Interval.WEEKLY: _("Every week"),
}
EDITORS = (Membership.Role.OWNER, Membership.Role.EDITOR)


class SearchForm(forms.Form):
    """Every part is optional: a hand-made address with nonsense in it shows the whole list."""

    q = forms.CharField(required=False, max_length=200)
    sort = forms.ChoiceField(required=False, choices=list(SORTS.items()))

    @property
    def query(self) -> str:
        self.full_clean()
        return self.cleaned_data.get("q", "")

    @property
    def order(self) -> str:
        self.full_clean()
        return self.cleaned_data.get("sort") or DEFAULT_ORDER


class AddForm(forms.Form):
    """A domain to watch. Whoever may change a team's domains can add it to the team's."""

    domain = DomainField(label=_("Domain"), max_length=2000)
    interval = forms.ChoiceField(
        label=_("Check it"), choices=list(INTERVALS.items()), initial=Watch.Interval.DAILY
    )
    holder = forms.ChoiceField(label=_("Whose list"), required=False)

    def __init__(self, user: Any, data: Any = None) -> None:
        super().__init__(data, auto_id="add-%s", initial={"holder": MINE})
        self.teams = {team.token: team for team in Team.objects.of(user, *EDITORS)}
        if self.teams:
            names = [(token, team.name) for token, team in self.teams.items()]
            self.fields["holder"].choices = [(MINE, _("My own")), *names]
        else:
            del self.fields["holder"]

    @property
    def team(self) -> Team | None:
        return self.teams.get(self.cleaned_data.get("holder", MINE))


class SettingsForm(forms.ModelForm):
    """What its people call it, and how it is checked."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=100,
        help_text=_("What you call it, if the domain alone does not say it."),
        validators=[
            RegexValidator(
                r"[\x01-\x1f\x7f-\x9f]",
                _("There is an invisible control character in this text. Type it anew."),
                inverse_match=True,
            )
        ],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    selectors = SelectorsField(
        label=_("DKIM selectors"),
        help_text=_(
            "A message that you sent names them: look for “s=” in its header DKIM-Signature. "
            "Without them the usual ones are tried."
        ),
    )
    interval = forms.ChoiceField(label=_("Check it"), choices=list(INTERVALS.items()))
    alerts = forms.BooleanField(
        label=_("Tell its people and webhooks what changed"), required=False
    )
    alert_kinds = KindsField(label=_("Tell them of"), required=False)

    class Meta:
        model = Watch
        fields = ("name", "selectors", "interval", "alerts", "alert_kinds")

    def clean_selectors(self) -> str:
        return " ".join(self.cleaned_data["selectors"])

    def clean_alert_kinds(self) -> list[str]:
        """Switched off, they are kept for when it is switched on again."""
        chosen: list[str] = self.cleaned_data["alert_kinds"]
        if not chosen and self.cleaned_data["alerts"]:
            raise forms.ValidationError(self.fields["alert_kinds"].error_messages["required"])
        return chosen or self.instance.alert_kinds
