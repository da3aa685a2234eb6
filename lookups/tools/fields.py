"""Fields that several tools have: what a visitor types, reduced to what the engine takes."""

from __future__ import annotations

import ipaddress
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from lookups.engine.addresses import Address
from lookups.engine.names import Domain
from lookups.forms import InputError, read_address, read_domain, read_selectors

from .base import ToolForm

_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


def plain(**attributes: Any) -> dict[str, Any]:
    """Attributes of a field that holds no prose: nothing corrects or completes what is typed."""
    return _PLAIN | {"class": "mono-field"} | attributes


class DomainField(forms.CharField):
    """A domain, or an address or URL with it: a Domain, or None where it may be empty."""

    def __init__(self, placeholder: str = "example.com", **kwargs: Any) -> None:
        widget = forms.TextInput(plain(inputmode="url", placeholder=placeholder))
        super().__init__(**{"widget": widget, "strip": True} | kwargs)

    def clean(self, value: Any) -> Domain | None:
        text = str(value or "")
        if not text.strip() and not self.required:
            return None
        found = read_domain(text)
        if isinstance(found, InputError):
            raise forms.ValidationError(found.message)
        return found


class BeginForm(ToolForm):
    """Whose records a form is to be filled from: `?from=example.com`."""

    domain = DomainField(label=gettext_lazy("Start from what a domain publishes"))

    def add_prefix(self, field_name: str) -> str:
        return "from"


class AddressField(forms.CharField):
    """An IPv4 or IPv6 address."""

    def __init__(self, placeholder: str = "192.0.2.25", **kwargs: Any) -> None:
        widget = forms.TextInput(plain(placeholder=placeholder))
        super().__init__(**{"widget": widget, "strip": True} | kwargs)

    def clean(self, value: Any) -> Address | None:
        text = str(value or "")
        if not text.strip() and not self.required:
            return None
        found = read_address(text)
        if isinstance(found, InputError):
            raise forms.ValidationError(found.message)
        return ipaddress.ip_address(found)


class SelectorsField(forms.CharField):
    """DKIM selectors, between commas or spaces."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(plain(placeholder="s1, mail2026"))
        super().__init__(**{"widget": widget, "required": False, "max_length": 1200} | kwargs)

    def clean(self, value: Any) -> tuple[str, ...]:
        found = read_selectors(str(value or ""))
        if isinstance(found, InputError):
            raise forms.ValidationError(found.message)
        return found


class RecordField(forms.CharField):
    """A record's text as it is pasted, whatever its form."""

    def __init__(self, placeholder: str = "", **kwargs: Any) -> None:
        widget = forms.Textarea(plain(rows=4, placeholder=placeholder))
        usual = {"widget": widget, "max_length": 8192, "strip": True}
        super().__init__(**usual | kwargs)
