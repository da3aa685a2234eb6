"""The steps of an SPF evaluation in words: for the command line and for pages."""

from __future__ import annotations

from django.utils.translation import gettext as _

from lookups.engine.spf import Result


def result_words(result: str) -> str:
    """What a result of check_host() means (RFC 7208 §2.6)."""
    words = {
        Result.NONE: _("there is no SPF record to go by"),
        Result.NEUTRAL: _("nothing is said of this sender"),
        Result.PASS: _("the sender is permitted"),
        Result.FAIL: _("the sender is not permitted"),
        Result.SOFTFAIL: _("the sender is probably not permitted"),
        Result.TEMPERROR: _("DNS failed for now: try again later"),
        Result.PERMERROR: _("the record cannot be used"),
    }
    return words[Result(result)]


def reason(why: str, detail: str) -> str:
    """Why a step came out as it did; `why` is one of the codes of lookups.engine.spf.Step."""
    if why.startswith("include-"):
        return _("the record of %(name)s gives %(result)s") % {
            "name": detail,
            "result": why.removeprefix("include-"),
        }
    if why.startswith("dns-"):
        return " ".join(filter(None, [_("DNS gave no usable answer"), f"({why[4:]})", detail]))
    text = _reasons().get(why, why)
    return text % {"detail": detail} if "%(detail)s" in text else text


def _reasons() -> dict[str, str]:
    return {
        "always": _("everybody matches"),
        "in-network": _("the address lies in %(detail)s"),
        "not-in-network": _("the address does not lie in %(detail)s"),
        "address": _("%(detail)s is one of its addresses"),
        "no-address": _("%(detail)s has no such address"),
        "exists": _("%(detail)s exists"),
        "not-exists": _("%(detail)s does not exist"),
        "name": _("the address is called %(detail)s"),
        "no-name": _("the address has no name in %(detail)s"),
        "redirect": _("the record of %(detail)s decides"),
        "default": _("nothing matched"),
        "no-record": _("there is no SPF record"),
        "multiple-records": _("there are several SPF records"),
        "not-a-domain": _("this is no domain name"),
        "syntax": _("syntax error at column %(detail)s"),
        "lookup-limit": _("more than ten lookups"),
        "void-limit": _("more than two lookups in vain"),
        "mx-limit": _("%(detail)s has more than ten mail servers"),
        "deadline": _("time ran out"),
    }
