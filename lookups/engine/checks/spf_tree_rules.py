"""The rules for what an SPF record leads to: other records, limits, and addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..addresses import Network, Scope, scope_of
from ..finding import Evidence, Finding
from ..records.spf import Mechanism, Record, SPFError, parse
from ..records.spf_macros import MacroError, parse_macro_string
from ..records.txt import text_of
from ..resolver import Answer, Resolver
from ..spf.lookups import MAX_LOOKUPS, MAX_MX, MAX_VOID_LOOKUPS
from . import spf_networks
from .answers import evidence, failure_finding
from .spf_networks import Claim, Coverage
from .spf_rules import MAX_SHOWN, default_findings
from .spf_tree import Forest, Node, Source

NEAR_LIMIT = 9  # lookups: one more include and mail is lost
WIDE_INCLUDE = 1 << 16  # IPv4 addresses of one include that are worth a word
MANY_ADDRESSES = 1 << 20
WIDE_PREFIX = {4: 8, 6: 24}  # no mail service needs networks as large as these
MAX_INCLUDES = 20  # whose addresses are counted one by one

# What the state of a record that is included does to the whole (§5.2, §6.1)
_BROKEN = {
    "none": "spf-target-none",
    "name": "spf-target-none",
    "multiple": "spf-target-multiple",
}


@dataclass(frozen=True, slots=True)
class Host:
    """A host of the domain's MX records, and whether SPF lets all its addresses send."""

    name: str
    answers: tuple[Answer, ...]
    is_covered: bool | None  # None: it has no address, or DNS did not say

    def as_json(self) -> dict[str, object]:
        return {"host": self.name, "covered": self.is_covered}


def broken(forest: Forest, tree: Node, resolver: Resolver) -> list[Finding]:
    """Whatever makes the evaluation end in an error: permerror, or temperror for DNS failures."""
    found = list(_sources(forest, resolver))
    loops = sorted({node.domain for node in _nodes(tree) if node.state == "loop"})
    if loops:
        found.append(Finding("spf-loop", {"domains": loops[:8]}, ()))
    found += _targets(forest, resolver)
    return found


def limits(forest: Forest, tree: Node) -> list[Finding]:
    """§4.6.4: ten terms that ask DNS, two of them in vain."""
    found = []
    proof = evidence(*_answers(forest.sources[forest.root]))
    parameters = {"count": tree.cost, "limit": MAX_LOOKUPS}
    if tree.cost > MAX_LOOKUPS:
        found.append(Finding("spf-too-many-lookups", parameters, proof))
    elif tree.cost >= NEAR_LIMIT:
        found.append(Finding("spf-lookups-near-limit", parameters, proof))
    void = voids(forest)
    if len(void) > MAX_VOID_LOOKUPS:
        terms = [term.text[:MAX_SHOWN] for term, _, _ in void[:8]]
        counted = {"count": len(void), "limit": MAX_VOID_LOOKUPS, "terms": terms}
        found.append(Finding("spf-too-many-voids", counted, void[0][2]))
    else:
        for term, domain, proofs in void:
            shown = {"term": term.text[:MAX_SHOWN], "domain": domain}
            found.append(Finding("spf-void-lookup", shown, proofs))
    if forest.is_cut:
        found.append(Finding("spf-tree-cut", {"looked_at": len(forest.sources)}, proof))
    return found


def voids(forest: Forest) -> list[tuple[Mechanism, str, tuple[Evidence, ...]]]:
    """Terms whose names exist for no family: void lookups for every message that gets there."""
    found = []
    for source in forest.sources.values():
        for mechanism in source.record.effective if source.record else ():
            target = forest.target(mechanism, source.domain)
            if target and target.is_void:
                first = (target.first,) if target.first else ()
                found.append((mechanism, source.domain, evidence(*first, *target.answers[:2])))
    return found


def default(forest: Forest) -> tuple[str | None, list[Finding]]:
    """The result for senders that nothing matches, and what to say of it; redirects followed."""
    source = forest.sources[forest.root]
    if source.state != "ok":
        return None, []
    for _ in range(MAX_LOOKUPS):
        record = source.record
        if record is None or source.answer is None:
            return None, []
        if record.all:
            return record.all.result, default_findings(record, source.domain, source.answer)
        link = next((n for n in _redirects(forest, source)), None)
        if link is None:
            missing = record.modifier("redirect") is None
            return "neutral" if missing else None, default_findings(
                record, source.domain, source.answer
            )
        source = link
    return None, []


def networks(forest: Forest, found: Sequence[Claim], total: int, lesson: bool) -> list[Finding]:
    """Who may send: too many, the wrong ones, or the same ones twice."""
    made = []
    root = forest.sources[forest.root]
    for claim in found:
        network = claim.network
        shown = {"term": claim.mechanism.text[:MAX_SHOWN], "domain": claim.domain}
        id = ""
        if network.prefixlen == 0:
            id = "spf-everyone"
        elif claim.is_literal and (scope := _scope(network, lesson)) is not Scope.PUBLIC:
            id = "spf-address-not-public"
            shown["scope"] = scope.value
        elif network.prefixlen <= WIDE_PREFIX[network.version]:
            id = "spf-network-wide"
        if id:
            proofs = evidence(*_answers(forest.sources[claim.domain]))
            made.append(Finding(id, shown, proofs))
    proofs = evidence(*_answers(root))
    if total > MANY_ADDRESSES:
        made.append(Finding("spf-many-addresses", {"count": total}, proofs))
    for inner, outer in spf_networks.covered(found, forest.root):
        parameters = {
            "term": inner.mechanism.text[:MAX_SHOWN],
            "by": outer.mechanism.text[:MAX_SHOWN],
            "domain": outer.domain,
        }
        made.append(Finding("spf-network-covered", parameters, proofs))
    made += _passing_everyone(forest)
    made += _wide_includes(forest)
    return made


def hosts(checked: Sequence[Host]) -> list[Finding]:
    """Hosts that take the domain's mail often send it as well."""
    known = [host for host in checked if host.is_covered is not None]
    outside = [host for host in known if not host.is_covered]
    if outside:
        proofs = evidence(*(answer for host in outside for answer in host.answers))
        names = [host.name for host in outside]
        return [Finding("spf-mx-not-covered", {"hosts": names}, proofs)]
    if known:
        proofs = evidence(*(answer for host in known for answer in host.answers))
        return [Finding("spf-covers-mx", {"count": len(known)}, proofs)]
    return []


def explanation(record: Record, answer: Answer | None) -> list[Finding]:
    """§6.2: receivers that show the explanation need one TXT record of plain ASCII there."""
    exp = record.modifier("exp")
    if exp is None or answer is None or answer.outcome.is_failure:
        return []
    texts = [text_of(found.strings) for found in answer.records]
    try:
        usable = len(texts) == 1 and bool(parse_macro_string(texts[0], explanation=True))
    except MacroError:
        usable = False
    if usable:
        return []
    return [Finding("spf-explanation-unusable", {"term": exp.text[:MAX_SHOWN]}, evidence(answer))]


def _sources(forest: Forest, resolver: Resolver) -> Iterator[Finding]:
    for source in forest.sources.values():
        if source.domain == forest.root:
            continue
        proofs = evidence(*_answers(source))
        if source.state == "failed" and source.answer:
            yield Finding("spf-target-unreachable", {"target": source.domain}, proofs)
            yield failure_finding(source.answer, resolver)
        elif source.state in _BROKEN:
            yield Finding(_BROKEN[source.state], {"target": source.domain}, proofs)
        elif source.state == "invalid" and source.record:
            try:
                parse(source.record.text)
            except SPFError as error:
                parameters = {
                    "target": source.domain,
                    "term": error.problem.text[:MAX_SHOWN],
                    "column": error.problem.column,
                }
                yield Finding("spf-target-invalid", parameters, proofs)


def _targets(forest: Forest, resolver: Resolver) -> Iterator[Finding]:
    for (kind, name), target in forest.targets.items():
        if failure := target.failure:
            yield Finding("spf-target-unreachable", {"target": name}, evidence(failure))
            yield failure_finding(failure, resolver)
        if kind == "mx" and target.hosts > MAX_MX and target.first:
            parameters = {"domain": name, "count": target.hosts, "limit": MAX_MX}
            yield Finding("spf-mx-too-many", parameters, evidence(target.first))


def _passing_everyone(forest: Forest) -> Iterator[Finding]:
    """+all in a record that is included passes for whoever includes it."""
    for domain in spf_networks.passing(forest, forest.root):
        source = forest.sources[domain]
        record = source.record
        if domain == forest.root or record is None or record.all is None:
            continue
        if record.all.result == "pass":
            shown = {"domain": domain, "term": record.all.text}
            yield Finding("spf-all-pass", shown, evidence(*_answers(source)))


def _wide_includes(forest: Forest) -> Iterator[Finding]:
    """A service whose customers share its addresses: each of them passes for this domain."""
    root = forest.sources[forest.root]
    for domain in list(dict.fromkeys(spf_networks.included(forest, root)))[:MAX_INCLUDES]:
        if domain not in forest.sources:
            continue
        found = [c.network for c in spf_networks.claims(forest, domain) if c.network.version == 4]
        total = Coverage(found).ipv4_addresses if found else 0
        if total > WIDE_INCLUDE:
            proofs = evidence(*_answers(forest.sources[domain]))
            yield Finding("spf-include-wide", {"domain": domain, "count": total}, proofs)


def _redirects(forest: Forest, source: Source) -> Iterator[Source]:
    for name in spf_networks.redirected(forest, source):
        if name in forest.sources:
            yield forest.sources[name]


@lru_cache(4096)  # the same services are included everywhere
def _scope(network: Network, lesson: bool) -> Scope:
    """The scope of the whole network; PUBLIC where only a part of it is special."""
    first = scope_of(network.network_address, lesson)
    last = scope_of(network.broadcast_address, lesson)
    return first if first is last else Scope.PUBLIC


def _nodes(top: Node) -> Iterator[Node]:
    waiting = [top]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.children


def _answers(source: Source) -> tuple[Answer, ...]:
    return (source.answer,) if source.answer else ()
