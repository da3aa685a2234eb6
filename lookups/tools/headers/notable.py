"""Other header fields that are worth a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from lookups.engine.mail.message import Message
from lookups.engine.mail.text import decoded, mailboxes, shown

MAX_SPAM_FIELDS = 12
FILTERS = ("x-spam", "x-microsoft-antispam", "x-forefront-antispam", "x-rspamd",
           "x-ms-exchange-organization-scl")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Note:
    """A field, its value, and what it means; `level` is a severity or "quiet"."""

    name: str
    value: str
    text: str
    level: str = "quiet"


def notes(message: Message) -> Iterator[Note]:
    yield from _posing(message)
    yield from _unsubscribe(message)
    meanings = {
        "feedback-id": _(
            "For the large mailbox providers: by it they count complaints for the sender."
        ),
        "auto-submitted": _automatic(message.first("auto-submitted")),
        "precedence": _("An old way of saying that a machine sent this to many; no standard."),
        "list-id": _(
            "A mailing list passed it on (RFC 2919). Lists often change bodies or subjects."
        ),
        "reply-to": _reply_to(message),
        "sender": _("Who sent it on behalf of the author (RFC 5322 §3.6.2). DMARC ignores it."),
        "x-mailer": _("The program that it says it was written with."),
        "user-agent": _("The program that it says it was written with."),
        "x-originating-ip": _("The address that the sender’s provider says it was sent from."),
        "tls-required": _("“No” asks servers to deliver even without TLS (RFC 8689)."),
    }
    for name, meaning in meanings.items():
        if message.all(name) and meaning:
            field = message.all(name)[0]
            yield Note(field.name, decoded(field.text, 200), meaning)
    yield from _spam(message)
    if not message.all("mime-version") and message.all("content-type"):
        yield Note(
            "MIME-Version", "–",
            _("Missing, though there is a Content-Type: RFC 2045 asks for it."), "warning",
        )  # fmt: skip
    for name in ("date", "message-id"):
        if not message.all(name):
            title = {"date": "Date", "message-id": "Message-ID"}[name]
            yield Note(title, "–", _("Missing. Receivers count that against a message."), "warning")


def _posing(message: Message) -> Iterator[Note]:
    """A display name that holds an address of another domain: many programs show nothing else."""
    for box in mailboxes(message.first("from"))[:1]:
        named = mailboxes(box.name)
        other = next((each.domain for each in named if each.domain), "")
        if other and box.domain and other != box.domain:
            yield Note(
                "From", box.name, _("The name poses as an address of another domain."), "error"
            )


def _unsubscribe(message: Message) -> Iterator[Note]:
    if not message.all("list-unsubscribe"):
        return
    value = message.first("list-unsubscribe")
    post = message.first("list-unsubscribe-post")
    one_click = post.replace(" ", "").lower() == "list-unsubscribe=one-click"
    if one_click and "<https:" in value.lower():
        yield Note(
            "List-Unsubscribe", shown(value, 200),
            _(
                "One click ends the subscription (RFC 8058), as large providers ask of bulk "
                "senders."
            ),
            "good",
        )  # fmt: skip
    elif post:
        yield Note(
            "List-Unsubscribe-Post", shown(post, 200),
            _(
                "Meant for one-click unsubscribing, but RFC 8058 asks for exactly "
                "“List-Unsubscribe=One-Click” and an https address."
            ),
            "warning",
        )  # fmt: skip
    else:
        yield Note(
            "List-Unsubscribe", shown(value, 200),
            _(
                "A way out, but not with one click: without List-Unsubscribe-Post providers do not "
                "offer it (RFC 8058)."
            ),
        )  # fmt: skip


def _automatic(value: str) -> str:
    kind = value.partition(";")[0].strip().lower()
    words = {
        "no": _("A person sent it (RFC 3834)."),
        "auto-generated": _("A machine wrote it; nobody should answer automatically (RFC 3834)."),
        "auto-replied": _("An automatic answer; nobody should answer it automatically (RFC 3834)."),
    }
    return words.get(kind, _("Sent automatically (RFC 3834).")) if value else ""


def _reply_to(message: Message) -> str:
    """Worth a word where answers go somewhere else than From."""
    given = message.first("reply-to").rpartition("@")[2].strip("> ").lower()
    author = message.first("from").rpartition("@")[2].strip("> ").lower()
    if not given or given == author:
        return ""
    return _("Answers go to another domain than that of From. Newsletters do that, and fraud does.")


def _spam(message: Message) -> Iterator[Note]:
    count = 0
    for field in message.fields:
        key = field.key
        if not key.startswith(FILTERS):
            continue
        count += 1
        if count > MAX_SPAM_FIELDS:
            return
        yield Note(
            shown(field.name, 80), shown(field.text, 200),
            _("What a spam filter noted. Only that of your own receiver means anything."),
        )  # fmt: skip
