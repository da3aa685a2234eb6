"""Sentences about a rehearsal, in the active language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from lookups.engine.rehearsal import Note, RehearsalError


def note_words(note: Note) -> str:
    """A sentence for each of Note.CODES."""
    sentences = {
        "other-name": _(
            "The record came with the name %(text)s. It is taken for published at %(taken)s."
        ),
        "other-selector": _(
            "The record’s name has the selector %(taken)s, so that one is looked at as well."
        ),
        "selector": _(
            "No selector was named, so the key is taken for published under “%(taken)s”."
        ),
        "every-host": _(
            "No mail server was named, so the record is taken for published for all: %(taken)s."
        ),
        "other-host": _("%(taken)s takes no mail of this domain: senders do not look there."),
        "continued": _(
            "%(text)s has no dot at its end, so a zone file makes %(taken)s of it. If that is not "
            "meant, add the dot."
        ),
        "from-key": _("The DS record for %(taken)s was made from the key, with SHA-256."),
        "record-too": _(
            "No record announces the policy yet, so one is taken for published, too: %(text)s"
        ),
        "file": _(
            "The policy is taken for what %(taken)s serves. Nothing was fetched: the web server "
            "and its certificate are not looked at."
        ),
        "alias": _(
            "%(text)s is an alias (CNAME) of %(taken)s. No other record can stand beside an alias: "
            "publish yours there, or remove the alias first."
        ),
        "unknown": _("DNS left open what is published at %(taken)s now."),
    }
    return sentences[note.code] % {"text": note.text, "taken": note.taken}


def refusal_words(error: RehearsalError) -> str:
    """A sentence for each of RehearsalError.CODES."""
    sentences = {
        "unwritable": _(
            "DNS cannot hold this record as it is written, so nothing can be checked with it: "
            "%(text)s"
        ),
        "too-long": _("The domain is too long to have such a record: %(text)s"),
        "no-hosts": _(
            "%(text)s has no mail servers, so there is no name for TLSA records to stand at."
        ),
    }
    return sentences[error.code] % {"text": error.text}
