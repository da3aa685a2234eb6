"""Whether a file is a logo that BIMI allows: SVG Tiny PS, before it is put on the web."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.engine.records import svg_tiny_ps
from lookups.engine.records.svg_tiny_ps import Logo
from lookups.templatetags.bimi_tags import bimi_problem
from lookups.tools.base import Result, Tool, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.fields import RecordField


class Form(ToolForm):
    file = forms.FileField(
        label=gettext_lazy("SVG file"),
        required=False,
        widget=forms.FileInput({"accept": ".svg,.svgz,image/svg+xml"}),
    )
    text = RecordField(
        label=gettext_lazy("Or its text"),
        placeholder="<svg version=…",
        required=False,
        max_length=svg_tiny_ps.MAX_OCTETS,
    )

    def clean_file(self) -> bytes | None:
        file = self.cleaned_data["file"]
        if file is None:
            return None
        if file.size > svg_tiny_ps.MAX_OCTETS:
            raise forms.ValidationError(
                _("The file has %(octets)d octets. A logo may have %(limit)d.")
                % {"octets": file.size, "limit": svg_tiny_ps.ADVISED_OCTETS}
            )
        octets: bytes = file.read()
        return octets

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        if not data.get("file") and not data.get("text") and not self.errors:
            raise forms.ValidationError(_("Choose a file, or paste its text."))
        return data


@dataclass(frozen=True, slots=True)
class LogoChecked:
    """What there is to say of a picture; `image` is a harmless copy in base64, or empty."""

    logo: Logo

    @property
    def problems(self) -> tuple[dict[str, Any], ...]:
        return tuple(
            {"code": p.code, "element": p.element, "value": p.value, "line": p.line}
            for p in self.logo.problems
        )

    @property
    def preview(self) -> dict[str, str]:
        copy = base64.b64encode(self.logo.copy.encode()).decode()
        return {"image": copy, "title": self.logo.title}

    def as_json(self) -> dict[str, Any]:
        logo = self.logo
        return {
            "valid": logo.is_valid,
            "octets": logo.octets,
            "compressed": logo.compressed,
            "title": logo.title,
            "width": logo.width,
            "height": logo.height,
            "sha256": logo.sha256,
            "problems": list(self.problems),
        }

    def lines(self) -> Iterator[str]:
        if self.logo.is_valid:
            yield _("The logo keeps to SVG Tiny PS.")
        else:
            yield _("The logo does not keep to SVG Tiny PS.")
        for problem in self.problems:
            yield f"{problem['line'] or '-'}: {bimi_problem(problem)}"


async def run(data: dict[str, Any], dns: Dns) -> Result:
    octets: bytes = data["file"] or data["text"].encode()
    return LogoChecked(svg_tiny_ps.examine(octets))


TOOL = Tool(
    slug="bimi-logo",
    group="check",
    article="bimi",
    title=gettext_lazy("Logo for BIMI"),
    summary=gettext_lazy(
        "Check an SVG file against SVG Tiny PS before you put it on the web: what is wrong, line "
        "by line, and how mailboxes will show it."
    ),
    button=gettext_lazy("Check the logo"),
    form=Form,
    run=run,
    template="tools/generate/bimi_logo.html",
    post=True,
)
