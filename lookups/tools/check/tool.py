"""One tool for each topic of the table: its form, what it runs, and its command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from lookups.anatomy import AnatomyView, anatomy_views
from lookups.engine.rehearsal import RehearsalError
from lookups.forms import InputError, read_domain
from lookups.presentation import FindingView, finding_view, section_view
from lookups.tools.base import Result, Run, Tool, ToolError, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.fields import DomainField, RecordField, SelectorsField

from .paste import MAX_PASTE, Paste, PasteError, is_several, read_paste, read_policy
from .result import SectionResult, TakenApart, staged
from .running import run_checks
from .topics import TOPICS, Topic
from .words import refusal_words

MAX_LINKED = 1500  # characters of a text that a link to another tool carries along


class CheckedDomainField(DomainField):
    """A domain; an IP address is shown the way to its names."""

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except forms.ValidationError:
            found = read_domain(str(value or ""))
            if not isinstance(found, InputError) or not found.reverse_address:
                raise
            link = (
                reverse("tool", args=["reverse"])
                + "?"
                + urlencode({"address": found.reverse_address})
            )
            words = _("Look up its names")
            message = format_html('{} <a href="{}">{}</a>', found.message, link, words)
            raise forms.ValidationError(message) from None


class CheckForm(ToolForm):
    """A domain, a record, or both; which fields there are is the topic's."""

    topic: ClassVar[Topic]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        texts = [data.get(name, "").strip() for name in ("record", "policy")]
        if data.get("domain") is None and not any(texts):
            words = _("Type a domain, or paste a record.")
            self.add_error("domain", words)
            return data
        try:
            paste = read_paste(texts[0], self.topic) if texts[0] else None
        except PasteError as error:
            self.add_error("record", _refused(error, data))
            return data
        return data | {"paste": _with_policy(paste, texts[1])}


def _refused(error: PasteError, data: dict[str, Any]) -> str:
    """The message, with the way to the tool that takes the record."""
    if error.other is None:
        return error.message
    text, domain = data["record"], data.get("domain")
    filled = {"record": text} if len(text) <= MAX_LINKED else {}
    filled |= {"domain": domain.ascii} if domain else {}
    link = reverse("tool", args=[error.other.slug]) + ("?" + urlencode(filled) if filled else "")
    words = _("Check it with: %(tool)s") % {"tool": error.other.title}
    return format_html('{} <a href="{}">{}</a>', error.message, link, words)


def _with_policy(paste: Paste | None, policy: str) -> Paste | None:
    if not policy:
        return paste
    records = paste.records if paste else ()
    return Paste(paste.text if paste else "", (*records, *read_policy(policy)))


def form_of(topic: Topic) -> type[CheckForm]:
    """The form of a topic's tool."""
    fields: dict[str, Any] = {
        "domain": CheckedDomainField(label=gettext_lazy("Domain"), required=not topic.kinds)
    }
    if topic.kinds:
        fields["record"] = RecordField(
            placeholder=topic.sample,
            label=gettext_lazy("Record before you publish it"),
            help_text=gettext_lazy(
                "May be left empty. The value alone, a line of a zone file, or what dig prints."
            ),
            required=False,
            max_length=MAX_PASTE,
        )
    if topic.has_policy:
        fields["policy"] = RecordField(
            placeholder="version: STSv1\nmode: enforce\nmx: mx1.example.com\nmax_age: 1209600",
            label=gettext_lazy("Policy file before you publish it"),
            help_text=gettext_lazy("May be left empty: then the published one is fetched."),
            required=False,
            max_length=MAX_PASTE,
        )
    if topic.has_selectors:
        fields["selectors"] = SelectorsField(
            label=gettext_lazy("Selectors"),
            help_text=gettext_lazy(
                "May be left empty: then the usual ones are tried. They stand after “s=” in the "
                "header DKIM-Signature."
            ),
        )
    named = {"topic": topic, "positional": ("domain",)}
    return type("CheckForm", (CheckForm,), {**fields, **named})


def run_of(topic: Topic) -> Run:
    """What a topic's tool does with its form."""

    async def run(data: dict[str, Any], dns: Dns) -> Result:
        paste: Paste | None = data.get("paste")
        language = get_language() or "en"
        if data["domain"] is None and paste is not None:
            return _apart(topic, paste, language)
        records = paste.records if paste else ()
        selectors: Sequence[str] = data.get("selectors") or ()
        try:
            topics = (topic.topic,)
            checked = await run_checks(dns, data["domain"], topics, selectors, records)
        except RehearsalError as error:
            if error.code == "unwritable" and paste is not None:
                return _apart(topic, paste, language, refusal_words(error))
            raise ToolError(refusal_words(error)) from error
        section = checked.sections[topic.topic]
        return SectionResult(
            topic=topic,
            domain=data["domain"],
            selectors=" ".join(selectors),
            section=section_view(section | {"complete": True}, language),
            log=checked.queries,
            staged=staged(checked, (topic.topic,), language),
            slips=_slips(_views(topic, paste, language)) if paste else (),
            left_out=paste.left_out if paste else 0,
        )

    return run


def _apart(topic: Topic, paste: Paste, language: str, refusal: str = "") -> TakenApart:
    several = _several(topic, paste, language) if is_several(paste.records, topic) else None
    return TakenApart(topic, _views(topic, paste, language), paste, refusal, several)


def _views(topic: Topic, paste: Paste, language: str) -> tuple[AnatomyView, ...]:
    policies = [r.value for r in paste.records if r.kind == "policy"]
    found = [v for v in anatomy_views(paste.text, paste.kind, language) if v.kind in topic.kinds]
    if not any(view.kind == "policy" for view in found):
        found += [view for text in policies for view in anatomy_views(text, "policy", language)]
    return tuple(found)


def _several(topic: Topic, paste: Paste, language: str) -> FindingView | None:
    names = [record.name.rstrip(".") for record in paste.records]
    about = {"count": len(paste.records), "name": names[0] or "…", "selector": "…"}
    return finding_view({"id": topic.several, "parameters": about}, language)


def _slips(views: Sequence[AnatomyView]) -> tuple[str, ...]:
    """What is wrong with the spelling around the value, which no check of DNS can see."""
    marks = (mark for view in views for mark in view.marks if not mark.finding)
    return tuple(dict.fromkeys(mark.title for mark in marks))


def words(form: ToolForm) -> Sequence[str]:
    """`manage.py lookup` with the same domain and record; nothing does it without a domain."""
    data = form.cleaned_data
    if data.get("domain") is None:
        return ()
    topic: Topic = form.topic  # type: ignore[attr-defined]
    found = [data["domain"].ascii, "--only", topic.topic]
    if data.get("record"):
        found += ["--record", data["record"]]
    if data.get("policy"):
        found += ["--policy", "mta-sts.txt"]
    for selector in data.get("selectors") or ():
        found += ["--selector", selector]
    return found


def tool_of(topic: Topic) -> Tool:
    return Tool(
        slug=topic.slug,
        group="check",
        article=topic.article,
        title=topic.title,
        summary=topic.summary,
        button=gettext_lazy("Check it"),
        form=form_of(topic),
        run=run_of(topic),
        template="tools/check/page.html",
        command="lookup",
        examples=lambda: topic.examples,
        words=words,
    )


TOOLS = tuple(tool_of(topic) for topic in TOPICS)
