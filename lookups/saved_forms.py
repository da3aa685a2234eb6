"""Forms of the saved list: what to look for, and what to call an entry."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from lookups.models import Report
from lookups.saved_search import DEFAULT_ORDER

SORTS = {
    "-saved": _("Saved last first"),
    "saved": _("Saved first first"),
    "domain": _("Domain, A to Z"),
    "-domain": _("Domain, Z to A"),
    "name": _("Name, A to Z"),
    "-name": _("Name, Z to A"),
    "-verdict": _("Most serious first"),
    "verdict": _("Least serious first"),
}


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


def _without(control_characters: str) -> RegexValidator:
    """Refuses invisible characters. NUL, the worst of them, every CharField refuses already."""
    return RegexValidator(
        control_characters,
        _("There is an invisible control character in this text. Type it anew."),
        code="control_character",
        inverse_match=True,
    )


class NoteField(forms.CharField):
    """Counts a line break as one character, as `maxlength` in the browser does."""

    def to_python(self, value: Any) -> str:
        return super().to_python(value).replace("\r\n", "\n")


class ReportForm(forms.ModelForm):
    """The owner's own words on a saved report."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=100,
        validators=[_without(r"[\x01-\x1f\x7f-\x9f]")],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    note = NoteField(
        label=_("Your note"),
        required=False,
        max_length=2000,
        validators=[_without(r"[\x01-\x08\x0b-\x1f\x7f-\x9f]")],  # all but tab and line feed
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    class Meta:
        model = Report
        fields = ("name", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Ids hold the token: every entry of the list has such a form."""
        kwargs["auto_id"] = f"id_{kwargs['instance'].token}_%s"
        super().__init__(*args, **kwargs)
