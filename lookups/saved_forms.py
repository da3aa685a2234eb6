"""Forms of the saved list: what to look for, and what to call an entry."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lookups.models import Report

SORTS = {
    "newest": _("Newest first"),
    "oldest": _("Oldest first"),
    "domain": _("Domain"),
    "status": _("Most serious first"),
    "name": _("Name"),
}


class SearchForm(forms.Form):
    """Every part is optional: a hand-made address with nonsense in it shows the whole list."""

    q = forms.CharField(required=False, max_length=200)
    sort = forms.ChoiceField(required=False, choices=list(SORTS.items()))

    @property
    def query(self) -> str:
        return self.cleaned_data.get("q", "") if self.is_valid() else ""

    @property
    def order(self) -> str:
        return (self.cleaned_data.get("sort") if self.is_valid() else "") or "newest"


class NoteField(forms.CharField):
    """Counts a line break as one character, as `maxlength` in the browser does."""

    def to_python(self, value: Any) -> str:
        return super().to_python(value).replace("\r\n", "\n")


class ReportForm(forms.ModelForm):
    """The owner's own words on a saved report."""

    note = NoteField(
        label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )

    class Meta:
        model = Report
        fields = ("name", "note")
        labels = {"name": _("Name")}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Ids hold the token: every entry of the list has such a form."""
        kwargs["auto_id"] = f"id_{kwargs['instance'].token}_%s"
        super().__init__(*args, **kwargs)
