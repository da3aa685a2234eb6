"""What somebody pasted: the records in it that a tool is for, or why there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from lookups.anatomy import kind_name
from lookups.engine.names import Domain, DomainError, parse_domain
from lookups.engine.records.recognise import TYPES, Recognised, recognise
from lookups.engine.rehearsal import PLACES

from .topics import Topic, topic_of_kind

MAX_PASTE = 8192  # characters


class PasteError(ValueError):
    """Nothing in it for this tool: a message in the active language, and the topic whose tool
    takes it, if any."""

    def __init__(self, message: str, other: Topic | None = None) -> None:
        super().__init__(message)
        self.message, self.other = message, other


@dataclass(frozen=True, slots=True)
class Paste:
    """Records out of a text. `kind` is what the text had to be taken for, "" where its form told;
    `left_out` how many records in it are of other kinds."""

    text: str
    records: tuple[Recognised, ...]
    kind: str = ""
    left_out: int = 0

    @property
    def domain(self) -> Domain | None:
        """The domain that the first record with a whole name is for."""
        found = (domain_of(record) for record in self.records)
        return next((domain for domain in found if domain), None)


def read_paste(text: str, topic: Topic) -> Paste:
    """The records of the topic's kinds. Raises PasteError."""
    found = recognise(text)
    if not found:
        raise PasteError(_("There is no record in it, only comments or empty lines."))
    own = tuple(record for record in found if record.kind in topic.kinds)
    if own:
        return Paste(text, own, left_out=len(found) - len(own))
    others = (topic_of_kind(record.kind) for record in found)
    other = next((each for each in others if each), None)
    if other is not None:
        raise PasteError(_not_this(found[0].kind), other)
    kind = topic.kinds[0]
    if TYPES[kind] != "TXT" and all(record.guessed and not record.type for record in found):
        return Paste(text, recognise(text, kind), kind)  # a row with too much or too little in it
    raise PasteError(
        _("No %(kind)s record was recognised. One looks like this: %(sample)s")
        % {"kind": kind_name(kind), "sample": topic.sample}
    )


def read_any(text: str) -> Paste:
    """The records that any of the tools takes. Raises PasteError."""
    found = recognise(text)
    own = tuple(record for record in found if record.kind in PLACES)
    if not own:
        raise PasteError(_("No record was recognised that could be taken for published."))
    return Paste(text, own, left_out=len(found) - len(own))


def read_policy(text: str) -> tuple[Recognised, ...]:
    """A policy file of MTA-STS, whatever is in it. Raises PasteError where nothing is."""
    found = recognise(text, "policy")
    if not found:
        raise PasteError(_("There is no record in it, only comments or empty lines."))
    return found


def domain_of(record: Recognised) -> Domain | None:
    """The domain that a record is for, by the whole name that it came with."""
    name = record.name.lower().rstrip(".")
    if record.kind == "tlsa" or record.kind == "policy":
        return None
    labels = PLACES[record.kind].labels
    if labels:
        before, found, name = f".{name}".partition(f".{labels}.")
        if not found or (before and record.kind != "dkim"):
            return None
    try:
        return parse_domain(name)
    except DomainError:
        return None


def _not_this(kind: str) -> str:
    return _("That is a record of another kind: %(kind)s.") % {"kind": kind_name(kind)}


def is_several(records: Sequence[Recognised], topic: Topic) -> bool:
    """Whether there are several records where one is meant: at one name, if they have names."""
    if not topic.several:
        return False
    names = [record.name.lower().rstrip(".") for record in records if record.kind != "policy"]
    return len(names) > len(set(names))
