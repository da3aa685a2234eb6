"""A report, and what changed between two, as Markdown (CommonMark).

Whatever comes from DNS is escaped, or stands in a code block that it cannot close.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from django.utils import translation
from django.utils.translation import gettext as _

from lookups.cards import verdict
from lookups.sharing.document import Document, Item, Part, plain
from lookups.watching.comparison import Comparison, RecordView, TopicView

_SPECIAL = re.compile(r"([\\`*_\[\]<>&~|$])")
_AUTOLINK = re.compile(r"(?i)(\b(?:https?|ftp|mailto|xmpp))(:)|(\bwww)(\.)|(@)")
_BLOCK = re.compile(r"^(\s*)([-+=#:]|\d{1,9}(?=[.)]))")


def escaped(text: str) -> str:
    """`text` so that it reads as it stands, as one paragraph; line breaks stay."""
    lines = (_line(line) for line in plain(text).split("\n"))
    return "\\\n".join(line for line in lines if line)


def _line(line: str) -> str:
    line = _SPECIAL.sub(r"\\\1", line.strip())
    line = _AUTOLINK.sub(
        lambda found: "".join(
            part if part.isalnum() else "\\" + part for part in found.groups() if part
        ),
        line,
    )
    return _BLOCK.sub(_unblocked, line)


def _unblocked(found: re.Match[str]) -> str:
    """What would begin a list, a heading or a rule does not."""
    mark = found[2]
    return found[1] + (f"{mark}\\" if mark.isdigit() else "\\" + mark)


def fenced(lines: Sequence[str]) -> str:
    """A code block whose fence is longer than any within it."""
    text = "\n".join(lines)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def code(text: str) -> str:
    """Code within a line."""
    text = plain(text).replace("\n", " ")
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def linked(label: str, url: str) -> str:
    """A link to an address that is ours."""
    return f"[{escaped(label)}](<{url}>)"


def _joined(blocks: Iterable[str]) -> str:
    return "\n\n".join(block for block in blocks if block) + "\n"


# --- a report ----------------------------------------------------------------------------------
def report_markdown(document: Document) -> str:
    with translation.override(document.language):
        return _joined(_report(document))


def _report(document: Document) -> Iterator[str]:
    yield "# " + escaped(document.title)
    yield "\n".join(f"- {fact}" for fact in _facts(document))
    if not document.finished:
        yield _("The check is not done yet: this is what is known so far.")
    yield "\n".join(
        f"- {escaped(part.title)}: **{escaped(part.verdict)}**" for part in document.parts
    )
    for part in document.parts:
        yield from _part(part)


def _facts(document: Document) -> Iterator[str]:
    yield f"{_('Domain')}: {code(document.both_names)}"
    yield f"{_('Verdict')}: **{escaped(document.verdict)}**"
    if document.score is not None:
        yield _("Score: %d of 100") % document.score
    yield f"{_('Checked')}: {document.checked}"
    yield f"{_('Report')}: <{document.url}>"


def _part(part: Part) -> Iterator[str]:
    yield f"## {escaped(part.title)}: {escaped(part.verdict)}"
    if part.failed:
        yield _("This part of the check broke off.")
    if part.records:
        yield fenced(part.records)
    if part.ready:
        yield f"**{_('Ready to publish')}**"
        yield fenced(part.ready)
    for item in part.items:
        yield from _item(item)
    if part.cut:
        yield _("The rest of this topic is left out here. The report has it.")


def _item(item: Item) -> Iterator[str]:
    yield f"### {escaped(item.verdict)}: " + escaped(item.title).replace("\\\n", " ")
    yield escaped(item.meaning)
    yield escaped(item.why)
    if item.remedy:
        yield f"**{item.remedy_title}**"
        yield escaped(item.remedy)
    if item.evidence:
        yield _("Proved by the answer to:") + " " + ", ".join(map(code, item.evidence))
    yield f"{code(item.id)} · " + " · ".join(linked(to.label, to.url) for to in item.links)


# --- what changed ------------------------------------------------------------------------------
def comparison_markdown(
    domain: str, ends: tuple[str, str], comparison: Comparison, language: str
) -> str:
    """`ends` are the lines on the earlier and the later report."""
    with translation.override(language):
        return _joined(_comparison(domain, ends, comparison))


def _comparison(domain: str, ends: tuple[str, str], comparison: Comparison) -> Iterator[str]:
    yield "# " + escaped(_("What changed: %(domain)s") % {"domain": domain})
    yield f"- {_('Before')}: {escaped(ends[0])}\n- {_('After')}: {escaped(ends[1])}"
    if not comparison.topics:
        yield _("Nothing changed")
    for topic in comparison.topics:
        yield from _topic(topic)
    if comparison.left_out:
        titles = ", ".join(map(escaped, comparison.left_out))
        yield _("Not compared, as one of the checks did not come to its end:") + " " + titles


def _topic(topic: TopicView) -> Iterator[str]:
    yield "## " + escaped(topic.title)
    if topic.before:
        yield f"**{escaped(verdict(topic.before))}** → **{escaped(verdict(topic.after))}**"
    if topic.records:
        yield "### " + _("Records")
    for record in topic.records:
        yield from _record(record)
    for title, findings in (
        (_("New findings"), topic.new),
        (_("Findings that are gone"), topic.gone),
    ):
        if findings:
            yield "### " + title
            yield "\n".join(
                f"- {escaped(verdict(f.severity))}: " + escaped(f.title).replace("\\\n", " ")
                for f in findings
            )


def _record(record: RecordView) -> Iterator[str]:
    """As in a diff: what was, and what is."""
    yield code(f"{record.name} {record.type}".strip())
    lines = []
    for sign, pieces in (("-", record.before), ("+", record.after)):
        text = plain("".join(piece for piece, _changed in pieces))
        lines += [f"{sign} {line}" for line in text.split("\n") if text]
    fence = fenced(lines)
    yield fence.replace("\n", "diff\n", 1)
