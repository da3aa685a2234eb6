"""What a bulk check says of all its domains together: how many have what."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable
from typing import Any

from lookups.engine.finding import Severity

from .models import Bulk, BulkItem
from .summary import COLUMNS, FEATURES

MAX_GROUPS = 30  # countries, or industries, that are told apart
MAX_PROBLEMS = 10  # kinds of errors and warnings that are listed
COUNTED = ("spf", "dmarc", "mta_sts", "mx", "dnssec", "dane", "dkim", "tls_rpt", "bimi")
BANDS = 10  # of scores: 0 to 9, ..., 90 to 100

Row = tuple[str, int | None, dict[str, Any], str, str]  # status, score, summary, country, industry


def figures_of(bulk: Bulk) -> dict[str, Any]:
    """The figures of the items that are done. Small, and JSON."""
    done = bulk.items.filter(state=BulkItem.State.DONE).order_by()
    fields = ("status", "score", "summary", "country", "industry")
    return count(done.values_list(*fields).iterator(chunk_size=2000))


def count(rows: Iterable[Row]) -> dict[str, Any]:
    """Everything in one pass over the rows."""
    words: dict[str, Counter[str]] = {column: Counter() for column in COUNTED}
    verdicts: Counter[str] = Counter()
    problems: Counter[str] = Counter()
    groups: dict[str, dict[str, Counter[str]]] = {"country": {}, "industry": {}}
    scores: list[int] = []
    total = 0
    for status, score, summary, country, industry in rows:
        total += 1
        verdicts[status] += 1
        if score is not None:
            scores.append(score)
        for column in COUNTED:
            words[column][summary.get(column, "unknown")] += 1
        for severity in ("errors", "warnings"):
            problems.update(summary.get(severity, ()))
        for kind, name in (("country", country), ("industry", industry)):
            _add(groups[kind].setdefault(name, Counter()), summary)
    return {
        "total": total,
        "verdicts": {s.value: verdicts[s.value] for s in reversed(Severity)},
        "words": {c: {w: words[c][w] for w in reversed(COLUMNS[c])} for c in COUNTED},
        "features": {id: _feature(words, id) for id in FEATURES},
        "scores": _bands(scores),
        "median": round(statistics.median(scores)) if scores else None,
        "problems": problems.most_common(MAX_PROBLEMS),
        "countries": _groups(groups["country"]),
        "industries": _groups(groups["industry"]),
    }


def _add(group: Counter[str], summary: dict[str, Any]) -> None:
    group["total"] += 1
    for feature in FEATURES.values():
        group[feature.id] += summary.get(feature.column) in feature.has


def _feature(words: dict[str, Counter[str]], id: str) -> dict[str, int]:
    feature = FEATURES[id]
    counted = words[feature.column]
    return {
        "has": sum(counted[word] for word in feature.has),
        "lacks": sum(counted[word] for word in feature.lacks),
    }


def _bands(scores: list[int]) -> list[int]:
    bands = [0] * BANDS
    for score in scores:
        bands[min(score * BANDS // 100, BANDS - 1)] += 1
    return bands


def _groups(groups: dict[str, Counter[str]]) -> list[dict[str, Any]]:
    """The largest groups with how many in each have what; the rest, and those without a name, are
    told together. None at all where nothing was given."""
    if not any(groups):
        return []
    named = sorted((name for name in groups if name), key=lambda n: (-groups[n]["total"], n))
    rows = [_group(name, groups[name]) for name in named[:MAX_GROUPS]]
    rest: Counter[str] = Counter()
    for name in named[MAX_GROUPS:]:
        rest.update(groups[name])
    if rest:
        rows.append(_group("", rest) | {"kind": "others"})
    if "" in groups:
        rows.append(_group("", groups[""]) | {"kind": "without"})
    return rows


def _group(name: str, counted: Counter[str]) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "named",
        "total": counted["total"],
        "has": {id: counted[id] for id in FEATURES},
    }
