"""Forms of teams: a name, an invitation, a role, and what becomes of a team's domains."""

from __future__ import annotations

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from lookups.teams.words import ROLES, Role

no_control_characters = RegexValidator(
    r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]",
    _("There is an invisible control character in this text. Type it anew."),
    inverse_match=True,
)


class NameForm(forms.Form):
    """What a team is called."""

    name = forms.CharField(
        label=_("Name of the team"),
        max_length=100,
        validators=[no_control_characters],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class InviteForm(forms.Form):
    """An address, and what it is to be in the team."""

    email = forms.EmailField(
        label=_("Email address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "placeholder": "anna@example.com"}),
    )
    role = forms.ChoiceField(label=_("Role"), choices=list(ROLES.items()), initial=Role.VIEWER)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=list(ROLES.items()))


class DeleteForm(forms.Form):
    """Whether the domains of the team go with it. Neither is chosen beforehand."""

    MINE, GO = "mine", "delete"
    domains = forms.ChoiceField(
        choices=[
            (MINE, _("They and their histories go to my own list.")),
            (GO, _("They and their histories are deleted.")),
        ],
        error_messages={"required": _("Choose what becomes of the domains.")},
        widget=forms.RadioSelect,
    )
