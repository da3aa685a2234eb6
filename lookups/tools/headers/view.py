"""The analysis as the page shows it: each thing with its level and its words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lookups.drawings import hops
from lookups.engine.delivery.mail import MAX_SIGNATURES
from lookups.engine.mail.analysis import Analysis, recipients
from lookups.engine.mail.arc import ArcSet
from lookups.engine.mail.auth_results import AuthResults, MethodResult, ReceivedSpf
from lookups.engine.mail.dmarc import dkim_result
from lookups.engine.mail.received import Hop
from lookups.engine.mail.text import decoded, shown
from lookups.engine.mail.verify import Verdict
from lookups.engine.names import to_unicode
from lookups.spf_words import result_words

from . import verdict as verdicts
from . import words
from .notable import Note, notes

MAX_SHOWN_FIELDS = 300


@dataclass(frozen=True)
class HopView:
    number: int
    hop: Hop
    border: bool
    forgeable: bool  # it lies before the border: whoever sent the message could write it

    @property
    def delay(self) -> str:
        return words.delay(self.hop)

    @property
    def time(self) -> str:
        return words.moment(self.hop.time)

    @property
    def encryption(self) -> str:
        return words.encryption(self.hop)

    @property
    def network(self) -> str:
        return words.network(self.hop)

    @property
    def mark(self) -> str:
        return hops.mark_of(self.hop)


@dataclass(frozen=True)
class ResultView:
    result: MethodResult

    @property
    def title(self) -> str:
        return words.result(self.result.method, self.result.result)

    @property
    def level(self) -> str:
        return words.result_level(self.result.result)


@dataclass(frozen=True)
class ResultsView:
    """One Authentication-Results field. `believed`: it is that of the guessed receiver."""

    field: AuthResults
    believed: bool

    @property
    def results(self) -> list[ResultView]:
        return [ResultView(result) for result in self.field.results]


@dataclass(frozen=True)
class SpfNoteView:
    note: ReceivedSpf

    @property
    def title(self) -> str:
        return words.result("spf", self.note.result)

    @property
    def level(self) -> str:
        return words.result_level(self.note.result)


@dataclass(frozen=True)
class SignatureView:
    verdict: Verdict

    @property
    def title(self) -> str:
        return words.signature_title(self.verdict)

    @property
    def level(self) -> str:
        return words.signature_level(self.verdict.state)

    @property
    def text(self) -> str:
        return words.signature(self.verdict)

    @property
    def dangers(self) -> list[str]:
        return list(words.dangers(self.verdict.signature))

    @property
    def covered(self) -> str:
        return words.covered(self.verdict.signature)

    @property
    def oversigned(self) -> str:
        return words.oversigned(self.verdict.signature)

    @property
    def key(self) -> str:
        """What was found where the key should be."""
        found = self.verdict.key
        if found is None or found.record is None or found.record.key is None:
            return ""
        kind = found.record.key.algorithm
        size = _("%(kind)s, %(bits)d bits") % {"kind": kind.upper(), "bits": found.bits}
        flags = {"y": _("testing (t=y)"), "s": _("only for this very domain (t=s)")}
        return " · ".join([size, *(flags[f] for f in found.record.flags if f in flags)])

    @property
    def signed(self) -> str:
        return words.moment(self.verdict.signature.signed)

    @property
    def expires(self) -> str:
        return words.moment(self.verdict.signature.expires)


@dataclass(frozen=True)
class ArcView:
    set: ArcSet

    @property
    def seal(self) -> str:
        return words.part(self.set.seal)

    @property
    def seal_level(self) -> str:
        return words.part_level(self.set.seal)

    @property
    def signature(self) -> str:
        return words.part(self.set.signature)

    @property
    def signature_level(self) -> str:
        return words.part_level(self.set.signature)

    @property
    def results(self) -> list[ResultView]:
        return [ResultView(result) for result in self.set.results.results]


@dataclass(frozen=True)
class Headers:
    """The result of the tool: the analysis, and its words in the active language."""

    analysis: Analysis

    def as_json(self) -> dict[str, Any]:
        level, sentence = self.verdict
        return {"verdict": {"level": level, "text": sentence}} | self.analysis.as_json()

    @cached_property
    def verdict(self) -> tuple[str, str]:
        return verdicts.verdict(self.analysis)

    @property
    def verdict_word(self) -> str:
        return verdicts.verdict_word(self.verdict[0])

    @property
    def caveats(self) -> list[str]:
        return list(verdicts.caveats(self.analysis))

    @property
    def summary(self) -> list[tuple[str, str]]:
        """Label and value; values are the message's own and may be hostile."""
        found = self.analysis
        rows = [(_("From"), ", ".join(_mailbox(box) for box in found.froms[:5]) or "–")]
        count = len(recipients(found.message))
        rows.append(
            (
                _("To"),
                _("%(count)d addresses") % {"count": count}
                if count > 1
                else shown(", ".join(box.address for box in recipients(found.message))) or "–",
            )
        )
        rows.append((_("Subject"), found.field("subject") or "–"))
        rows.append((_("Date"), shown(found.message.first("date"), 100) or "–"))
        rows.append(("Message-ID", shown(found.message.first("message-id")) or "–"))
        rows.append((_("Size"), self._size()))
        return rows  # fmt: skip

    def _size(self) -> str:
        found = self.analysis
        size = _("%(size)s octets, %(fields)d fields") % {
            "size": f"{found.message.size:,}", "fields": len(found.message.fields)
        }  # fmt: skip
        if not found.has_body:
            return size + " · " + _("header only")
        count = found.structure.parts
        parts = ngettext("%(count)d part", "%(count)d parts", count) % {"count": count}
        kinds = ", ".join(dict.fromkeys(found.structure.types[:20]))
        more = "…" if found.structure.cut else ""
        return f"{size} · {parts}{more}: {shown(kinds, 200)}"

    # --- the way ------------------------------------------------------------------------------
    @cached_property
    def hops(self) -> list[HopView]:
        way, border = self.analysis.way, self.analysis.border
        at = border.index if border else -1
        return [
            HopView(number + 1, hop, number == at, number < at)
            for number, hop in enumerate(way.hops)
        ]

    @property
    def border_number(self) -> int:
        return self.analysis.border.index + 1 if self.analysis.border else 0

    @cached_property
    def timeline(self) -> hops.Timeline | None:
        border = self.analysis.border
        return hops.timeline(self.analysis.way, border.index if border else None, words.step)

    @property
    def total(self) -> str:
        total = self.analysis.way.total
        return "" if total is None or total < 0 else words.duration(total)

    # --- authentication -------------------------------------------------------------------------
    @cached_property
    def results(self) -> list[ResultsView]:
        believed = self.analysis.believed
        return [ResultsView(field, field is believed) for field in self.analysis.results]

    @property
    def spf_notes(self) -> list[SpfNoteView]:
        return [SpfNoteView(note) for note in self.analysis.received_spf]

    @cached_property
    def signatures(self) -> list[SignatureView]:
        return [SignatureView(verdict) for verdict in self.analysis.signatures]

    @property
    def chain(self) -> str:
        return words.chain(self.analysis.chain)

    @property
    def chain_level(self) -> str:
        return words.chain_level(self.analysis.chain)

    @property
    def arc_sets(self) -> list[ArcView]:
        return [ArcView(each) for each in self.analysis.chain.sets]

    @property
    def spf(self) -> str:
        """Our own opinion on SPF, in a sentence."""
        opinion = self.analysis.spf
        if opinion is None:
            return ""
        said = opinion.verdict.result.value
        return _("%(address)s may send for %(sender)s? %(result)s: %(words)s.") % {
            "address": opinion.address,
            "sender": shown(opinion.sender or opinion.helo, 200),
            "result": said,
            "words": result_words(said),
        }

    @property
    def spf_level(self) -> str:
        opinion = self.analysis.spf
        return words.result_level(opinion.verdict.result.value) if opinion else "info"

    @property
    def disposition(self) -> str:
        return verdicts.disposition(self.analysis)

    @property
    def author(self) -> str:
        return to_unicode(self.analysis.author)

    @property
    def would_pass(self) -> str:
        """The address of the tool that tries other senders, filled in; empty without it."""
        found, border = self.analysis, self.analysis.border
        from lookups.tools import registry  # which imports this module

        if not (registry.tool("would-it-pass") and found.author and found.froms):
            return ""
        signed = [
            f"{v.signature.domain}={dkim_result(v)}" for v in found.signatures if v.signature.domain
        ]
        data = {
            "ip": str(border.hop.address) if border and border.hop.address else "",
            "helo": found.spf.helo if found.spf else "",
            "header_from": f"{found.froms[0].address.rpartition('@')[0]}@{found.author}",
            "mail_from": found.spf.sender if found.spf else "",
            "dkim": ", ".join(signed[:MAX_SIGNATURES]),
        }
        filled = {name: value[:1000] for name, value in data.items() if value}
        return reverse("tool", args=["would-it-pass"]) + "?" + urlencode(filled)

    # --- everything else ------------------------------------------------------------------------
    @cached_property
    def notes(self) -> list[Note]:
        return list(notes(self.analysis.message))

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The header as it came, each value decoded."""
        found = self.analysis.message.fields[:MAX_SHOWN_FIELDS]
        return [(shown(field.name, 100), decoded(field.text, 2000)) for field in found]

    @property
    def fields_left_out(self) -> int:
        return max(0, len(self.analysis.message.fields) - MAX_SHOWN_FIELDS)

    # --- for a terminal -------------------------------------------------------------------------
    def lines(self) -> Iterator[str]:
        yield self.verdict[1]
        yield from self.caveats
        yield ""
        for label, value in self.summary:
            yield f"{label}: {value}"
        yield from self._way_lines()
        yield from self._proof_lines()
        for note in self.notes:
            yield f"{note.name}: {note.value}"
            yield f"    {note.text}"

    def _way_lines(self) -> Iterator[str]:
        if not self.hops:
            return
        yield ""
        yield _("The way") + (f" ({self.total})" if self.total else "")
        for view in self.hops:
            hop = view.hop
            address = f" [{hop.address}]" if hop.address else ""
            yield f"{view.number:3} {hop.name or '?'}{address} → {hop.receiver or '?'}"
            yield "    " + " · ".join(filter(None, [view.time, view.delay, view.encryption]))
            if view.border:
                yield "    " + _("Here it most likely entered the receiver’s network.")

    def _proof_lines(self) -> Iterator[str]:
        yield ""
        for field in self.results:
            yield _("Noted by %(server)s") % {"server": field.field.server or "?"}
            for result in field.results:
                yield f"    {result.title}"
        for view in self.signatures:
            signature = view.verdict.signature
            yield f"DKIM d={signature.domain} s={signature.selector}: {view.title}"
            yield f"    {view.text}"
            for danger in view.dangers:
                yield f"    {danger}"
        if self.chain:
            yield f"ARC: {self.chain}"
        if self.spf:
            yield f"SPF: {self.spf}"
        if self.disposition:
            yield f"DMARC ({self.author}): {self.disposition}"
        yield ""


def _mailbox(box: Any) -> str:
    return f"{box.name} <{box.address}>" if box.name else str(box.address)
