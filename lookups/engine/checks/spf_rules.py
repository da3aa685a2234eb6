"""The rules for an SPF record as it stands, before anything it names is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..finding import Evidence, Finding
from ..records import spf
from ..records.spf import Mechanism, Modifier, Problem, Record
from ..records.spf_macros import MacroString
from ..records.txt import text_of
from ..resolver import Answer
from .answers import evidence

ANSWER_OCTETS = 512  # of a DNS message over UDP without EDNS (§3.4 advises to stay below)
HEADER = 12
MAX_SHOWN = 120  # characters of a record or term in a finding

_PROBLEMS = {
    "unknown": "spf-unknown-mechanism",
    "address": "spf-address-invalid",
    "prefix": "spf-prefix-invalid",
    "domain": "spf-domain-invalid",
    "label": "spf-label-invalid",
    "macro": "spf-macro-invalid",
    "character": "spf-character-invalid",
    "argument": "spf-argument-unexpected",
    "missing": "spf-argument-missing",
    "joined": "spf-terms-joined",
    "repeated": "spf-modifier-repeated",
    "equals": "spf-equals-sign",
    "version": "spf-version-again",
}


def misspelt(answer: Answer, text: str, meant: str) -> Finding:
    """§4.5: a record that does not begin with v=spf1 and a space is none."""
    parameters = {"text": text[:MAX_SHOWN], "suggestion": meant[:MAX_SHOWN]}
    return Finding("spf-version-misspelt", parameters, evidence(answer))


def multiple(answer: Answer, count: int) -> Finding:
    """§4.5: more than one record is an error."""
    return Finding("spf-multiple", {"count": count}, evidence(answer))


def none(answer: Answer, takes_mail: bool) -> Finding:
    """No record: anybody can use the domain as a sender."""
    if takes_mail:
        return Finding("spf-none", {}, evidence(answer))
    return Finding("spf-none-without-mail", {}, evidence(answer))


def old_type(answer: Answer, alone: bool) -> Finding:
    """§3.1: records of type SPF (99) must not be relied on; receivers read TXT."""
    if alone:
        return Finding("spf-old-type-only", {}, evidence(answer))
    return Finding("spf-old-type", {}, evidence(answer))


def record(answer: Answer, found: Record, strings: Sequence[bytes]) -> list[Finding]:
    """Everything that the record itself tells."""
    proofs = evidence(answer)
    piece, _ = torn(strings)
    made = [problem_finding(p, proofs) for p in found.problems if not piece or piece not in p.text]
    if piece:
        made.append(Finding("spf-strings-joined", {"text": piece}, proofs))
    made += [Finding(id, parameters, proofs) for id, parameters in term_findings(found)]
    octets = answer_octets(answer)
    if octets > ANSWER_OCTETS:
        parameters = {"octets": octets, "limit": ANSWER_OCTETS}
        made.append(Finding("spf-answer-large", parameters, proofs))
    return made


def answer_octets(answer: Answer) -> int:
    """The size of an answer that holds these records and nothing else, without EDNS."""
    if answer.rrset is None:
        return 0
    question = len(answer.owner.to_wire() or b"") + 4
    # Each record: a pointer to the name, type, class, TTL, length, and its data (RFC 1035 §4.1)
    return HEADER + question + sum(12 + length for _, length in answer.rrset.spans)


def default_findings(found: Record, domain: str, answer: Answer) -> list[Finding]:
    """What becomes of senders that nothing matches (§4.7, §5.1), by the record that says so."""
    proofs = evidence(answer)
    last = found.all
    if not found.is_valid:
        return []
    if last is None:
        if found.modifier("redirect"):
            return []
        return [Finding("spf-no-default", {"domain": domain}, proofs)]
    if last.result == "pass":
        return [Finding("spf-all-pass", {"domain": domain, "term": last.text}, proofs)]
    if len(found.terms) == 1 and last.result == "fail":
        return [Finding("spf-no-mail", {"domain": domain}, proofs)]
    if last.result == "fail":
        return [Finding("spf-all-fail", {}, proofs)]
    if last.result == "softfail":
        return [Finding("spf-all-softfail", {}, proofs)]
    return [Finding("spf-all-neutral", {}, proofs)]


def problem_finding(problem: Problem, proofs: tuple[Evidence, ...] = ()) -> Finding:
    """What explains one problem of a record."""
    parameters = {
        "term": problem.text[:MAX_SHOWN],
        "column": problem.column,
        "suggestion": problem.suggestion[:MAX_SHOWN],
    }
    return Finding(_PROBLEMS[problem.code], parameters, proofs)


def term_findings(found: Record) -> Iterator[tuple[str, dict[str, object]]]:
    """What the terms tell beside the problems: ids and parameters."""
    last = found.all
    if last is not None:
        after = [t.text for t in found.mechanisms if t.column > last.column]
        if after:
            terms = [text[:MAX_SHOWN] for text in after[:8]]
            yield "spf-term-after-all", {"terms": terms, "all": last.text}
        if redirect := found.modifier("redirect"):
            shown = redirect.text[:MAX_SHOWN]
            yield "spf-redirect-ignored", {"term": shown, "all": last.text}
    doubtful = {problem.start for problem in found.problems}
    for term in found.terms:
        if isinstance(term, Modifier):
            if not term.is_known and term.column not in doubtful:
                yield "spf-modifier-unknown", {"term": term.text[:MAX_SHOWN]}
        else:
            yield from _mechanism(term)
    counts = Counter(spf.term_text(term) for term in found.mechanisms)
    for text, count in counts.items():
        if count > 1:
            yield "spf-term-repeated", {"term": text[:MAX_SHOWN], "count": count}


def _mechanism(term: Mechanism) -> Iterator[tuple[str, dict[str, object]]]:
    letters = _letters(term.domain)
    if term.name == "ptr" or "p" in letters:
        yield "spf-ptr", {"term": term.text[:MAX_SHOWN]}
    if letters & {"l", "s"}:
        yield "spf-macro-local-part", {"term": term.text[:MAX_SHOWN]}


def _letters(spec: MacroString | None) -> frozenset[str]:
    return spec.letters if spec else frozenset()


def torn(strings: Sequence[bytes]) -> tuple[str, str]:
    """Where two strings of a record meet and a space is missing, as in `mx` `-all` (§3.3): the
    word that they make, and the record with its spaces; empty where nothing is amiss.

    A string of 255 octets was cut by a program, which keeps all spaces; a person ends one earlier,
    between two terms.
    """
    piece, whole, left = "", b"", b""
    for right in strings:
        before = whole.decode("utf-8", "replace").rsplit(" ", 1)[-1]
        after = right.decode("utf-8", "replace").split(" ", 1)[0]
        if 0 < len(left) < 255 and _is_term(before) and _is_term(after):
            piece = piece or f"{before}{after}"[:MAX_SHOWN]
            whole += b" "
        whole, left = whole + right, right
    return piece, text_of([whole]) if piece else ""


def _is_term(text: str) -> bool:
    try:
        term = spf.parse_term(text)
    except spf.TermError:
        return text.lower() == spf.VERSION
    return isinstance(term, Mechanism) or term.is_known or text.lower() == spf.VERSION
