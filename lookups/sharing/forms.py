"""The form that says who may read a report, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lookups.models import Report
from lookups.sharing import words

KEEP, NEVER, DATE = "keep", "never", "date"
PERIODS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
MAX_YEARS = 10


class ShareForm(forms.Form):
    """`ends` is a period, or DATE with `date`: the last day on which the link works, in UTC."""

    visibility = forms.ChoiceField(label=_("Who can read it"), widget=forms.RadioSelect)
    ends = forms.ChoiceField(label=_("The link works"))
    date = forms.DateField(
        label=_("The last day (UTC)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("That is no date. Write it as year-month-day: 2030-01-31.")},
        input_formats=["%Y-%m-%d"],
    )

    def __init__(self, report: Report, data: Any = None) -> None:
        first = {
            "visibility": words.chosen(report),
            "ends": KEEP if report.link_ends else NEVER,
        }
        super().__init__(data, auto_id="share-%s", initial=first)
        self.report = report
        self.fields["visibility"].choices = list(words.offered(report).items())
        self.fields["ends"].choices = self._endings()
        today = timezone.now().date()
        self.fields["date"].widget.attrs["min"] = today.isoformat()

    def _endings(self) -> list[tuple[str, Any]]:
        ends = self.report.link_ends
        kept = _("As it is: until %(at)s UTC") % {"at": words.when(ends)} if ends else ""
        return [
            *([(KEEP, kept)] if ends else []),
            (NEVER, _("without an end")),
            ("day", _("for one day")),
            ("week", _("for one week")),
            ("month", _("for 30 days")),
            (DATE, _("until the date below")),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("ends") == DATE and not self.errors.get("date"):
            self._check(cleaned.get("date"))
        return cleaned

    def _check(self, date: Any) -> None:
        today = timezone.now().date()
        if date is None:
            self.add_error("date", _("Name the last day, or choose another end."))
        elif date < today:
            self.add_error("date", _("That day is over. Choose today or a later one."))
        elif date > today + timedelta(days=366 * MAX_YEARS):
            self.add_error("date", _("That is too far away. Choose “without an end” instead."))

    @property
    def link_ends(self) -> datetime | None:
        """The moment from which the link no longer works; None for never."""
        ends = self.cleaned_data["ends"]
        if ends == KEEP:
            return self.report.link_ends
        if ends == DATE:
            midnight = datetime.combine(self.cleaned_data["date"], time(), tzinfo=UTC)
            return midnight + timedelta(days=1)
        return timezone.now() + PERIODS[ends] if ends in PERIODS else None
