"""Forms of bulk checks: a new list, what to show of it, and how to publish it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.blocked.refusal import refusal
from lookups.engine.names import DomainError
from lookups.forms import explain
from lookups.models import Membership, Team

from . import reading
from .reading import MAX_BYTES, MAX_DOMAINS, MAX_LINES, Reading, ReadingError, Refused
from .search import DEFAULT_ORDER, ORDERS
from .summary import FEATURES
from .words import VERDICTS

MEGABYTE = 1_000_000
BLOCKED = "blocked"  # the code of a line whose domain the operator refuses


def explained(error: ReadingError) -> str:
    """A sentence for each code of ReadingError."""
    limits = {"limit": f"{MAX_DOMAINS:,}", "count": f"{error.count:,}"}
    sentences = {
        "too-large": _("That is too large: at most %(limit)d MB.")
        % {"limit": MAX_BYTES // MEGABYTE},
        "too-many": _(
            "There are %(count)s domains in it. At most %(limit)s can be checked at once: divide "
            "the list."
        )
        % limits,
        "too-many-lines": _(
            "There are more than %(count)s entries in it. At most %(limit)s domains can be checked "
            "at once: divide the list."
        )
        % limits,
        "not-text": _(
            "This file is no text. Save the table as CSV (UTF-8, UTF-16 or Shift_JIS), then choose "
            "it again."
        ),
        "empty": _("There is no domain in it. Put one domain on each line."),
    }
    return sentences[error.code]


def refused_lines(lines: list[Any]) -> list[dict[str, Any]]:
    """Stored lines that were left out, each with the reason in words."""
    return [
        {"number": number, "text": text, "reason": _reason(text, code)}
        for number, text, code in lines
    ]


def _reason(text: str, code: str) -> str:
    if code == BLOCKED:
        return refusal(text) or _("The operator allows it again: give it in a new list.")
    return explain(DomainError(code))


def without_blocked(found: Reading) -> Reading:
    """The list without domains that the operator of the site refuses; they are told as lines."""
    kept, blocked = [], []
    for entry in found.entries:
        (blocked if refusal(entry.domain.ascii) else kept).append(entry)
    lines = [Refused(0, entry.domain.ascii, BLOCKED) for entry in blocked]
    return replace(
        found,
        entries=kept,
        refused=found.refused + len(blocked),
        lines=[*lines, *found.lines][:MAX_LINES],
    )


class BulkForm(forms.Form):
    """A new list: pasted, or a file. `cleaned_data["reading"]` is what was understood of it."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        required=False,
        max_length=100,
        validators=[
            RegexValidator(
                r"[\x01-\x1f\x7f-\x9f]",
                gettext_lazy("There is an invisible control character in this text. Type it anew."),
                inverse_match=True,
            )
        ],
    )
    domains = forms.CharField(
        label=gettext_lazy("Domains"), required=False, strip=False, max_length=MAX_BYTES
    )
    file = forms.FileField(label=gettext_lazy("Or a file"), required=False, allow_empty_file=True)
    team = forms.ModelChoiceField(
        label=gettext_lazy("For"),
        queryset=Team.objects.none(),
        required=False,
        to_field_name="token",
        empty_label=gettext_lazy("Me alone"),
    )

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines: list[dict[str, Any]] = []  # that were refused, where all of them were
        may_add = (Membership.Role.OWNER, Membership.Role.EDITOR)
        teams = Team.objects.of(user, *may_add).order_by("name")
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]

    @property
    def has_teams(self) -> bool:
        return bool(self.fields["team"].queryset)  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        given: str = self.cleaned_data["name"]
        return given or _("List of %(date)s") % {"date": f"{timezone.now():%Y-%m-%d %H:%M}"}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        text, file = data.get("domains", ""), data.get("file")
        if self.errors:
            return data
        if file and text.strip():
            self.add_error(
                "file", _("Paste domains or choose a file, not both: which of them is meant?")
            )
            return data
        try:
            data["reading"] = self._read(text, file)
        except ReadingError as error:
            self.add_error("file" if file else "domains", explained(error))
        return data

    def _read(self, text: str, file: Any) -> Reading:
        if file:
            if file.size > MAX_BYTES:
                raise ReadingError("too-large")
            text = reading.decode(file.read())
        found = without_blocked(reading.read(text))
        if not found.entries:
            lines = [(line.number, line.text, line.code) for line in found.lines]
            self.lines = refused_lines(lines)
            raise ReadingError("empty")
        return found


class ShowForm(forms.Form):
    """What of the list is shown. Nonsense in a hand-made address shows the whole list."""

    q = forms.CharField(required=False, max_length=200)
    verdict = forms.ChoiceField(
        required=False,
        choices=[(name, name) for name in (*VERDICTS, "failed", "waiting", "cancelled")],
    )
    feature = forms.ChoiceField(
        required=False, choices=[(sign + id, id) for id in FEATURES for sign in ("", "-")]
    )
    country = forms.CharField(required=False, max_length=60)
    industry = forms.CharField(required=False, max_length=60)
    sort = forms.ChoiceField(required=False, choices=[(order, order) for order in ORDERS])

    def _value(self, name: str) -> str:
        self.full_clean()
        return str(self.cleaned_data.get(name) or "")

    @property
    def order(self) -> str:
        return self._value("sort") or DEFAULT_ORDER

    @property
    def filters(self) -> dict[str, str]:
        """Arguments of lookups.bulk.search.found."""
        names = ("verdict", "feature", "country", "industry")
        return {name: self._value(name) for name in names} | {"text": self._value("q")}

    @property
    def is_narrow(self) -> bool:
        return any(self.filters.values())
