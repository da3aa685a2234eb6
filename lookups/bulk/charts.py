"""Figures as pictures: where each bar lies. Templates draw them and put the same into tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from lookups import catalog

from .summary import FEATURES
from .words import FEATURE_TITLES, TITLES, VERDICTS, level, words_of

WIDTH = 320
ROW = 40  # units from one bar to the next
MAX_BARS = 12  # groups that are drawn; the table has all
HEIGHT = 120  # of the columns of scores
Text = str | Promise


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: `count` of `total` domains."""

    label: Text
    count: int
    total: int
    level: str = "info"
    y: int = 0
    url: str = ""

    @property
    def share(self) -> float:
        return self.count / self.total if self.total else 0.0

    @property
    def percent(self) -> str:
        """With one digit after the point where that tells something: 0.4, 12, 99.6."""
        value = 100 * self.share
        near_an_end = 0 < value < 1 or 99 < value < 100
        return f"{value:.1f}" if near_an_end else f"{value:.0f}"

    @property
    def width(self) -> str:
        return f"{WIDTH * self.share:.1f}"

    @property
    def text_y(self) -> int:
        return self.y + 14

    @property
    def bar_y(self) -> int:
        return self.y + 20


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars below each other."""

    id: str
    title: Text
    bars: tuple[Bar, ...]
    note: Text = ""
    drawn: int = 100

    @property
    def shown(self) -> tuple[Bar, ...]:
        return self.bars[: self.drawn]

    @property
    def width(self) -> int:
        return WIDTH

    @property
    def height(self) -> int:
        return ROW * len(self.shown)


@dataclass(frozen=True, slots=True)
class Column:
    """One band of scores in the histogram."""

    label: str
    count: int
    x: int
    y: float
    height: float
    middle: float

    @property
    def text_y(self) -> str:
        return f"{self.y - 5:.1f}"


@dataclass(frozen=True, slots=True)
class Group:
    """One country, or industry, with what share of its domains has what."""

    label: Text
    total: int
    shares: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """All groups of one kind; `chart` shows who enforces DMARC."""

    id: str
    title: Text
    heading: Text
    features: tuple[Text, ...]
    groups: tuple[Group, ...]
    chart: Chart


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures, drawn."""

    total: int
    median: int | None
    charts: tuple[Chart, ...]
    scores: tuple[Column, ...]
    problems: tuple[Bar, ...]
    groups: tuple[Groups, ...]


def summary(figures: dict[str, Any]) -> Summary:
    """What templates show of lookups.bulk.figures."""
    return Summary(
        total=figures["total"],
        median=figures["median"],
        charts=_charts(figures),
        scores=_columns(figures["scores"]),
        problems=_problems(figures),
        groups=tuple(_groups(figures)),
    )


def _chart(id: str, title: Text, bars: Iterable[tuple[Any, ...]], **more: Any) -> Chart:
    placed = (Bar(*bar, y=ROW * number) for number, bar in enumerate(bars))
    return Chart(id, title, tuple(placed), **more)


def _charts(figures: dict[str, Any]) -> tuple[Chart, ...]:
    total = figures["total"]
    features = [
        (FEATURE_TITLES[id], figures["features"][id]["has"], total, "info") for id in FEATURES
    ]
    verdicts = [
        (VERDICTS[verdict], count, total, verdict)
        for verdict, count in sorted(
            figures["verdicts"].items(), key=lambda pair: list(VERDICTS).index(pair[0])
        )
    ]
    return (
        _chart("features", _("What the domains have"), features),
        _words("dmarc", _("DMARC: the policy in force"), figures),
        _words("spf", _("SPF: what it says of all other servers"), figures),
        _words("mta_sts", _("MTA-STS: the mode of the policy"), figures),
        _chart("verdicts", _("Verdicts"), verdicts),
    )


def _words(column: str, title: Text, figures: dict[str, Any]) -> Chart:
    """The words of one column; those that no domain has are left out, unless they are the point."""
    counts, total = figures["words"][column], figures["total"]
    bars = [
        (label, counts.get(word, 0), total, level(column, word))
        for word, label in words_of(column)
        if counts.get(word, 0) or word not in ("unknown", "invalid", "off", "neutral", "pass")
    ]
    return _chart(column, title, bars)


def _columns(bands: list[int]) -> tuple[Column, ...]:
    top = max(bands, default=0) or 1
    columns = []
    for number, count in enumerate(bands):
        height = HEIGHT * count / top
        x = 4 + 32 * number
        end = 100 if number == len(bands) - 1 else 10 * number + 9
        columns.append(
            Column(f"{10 * number}–{end}", count, x, 20 + HEIGHT - height, height, x + 12)
        )
    return tuple(columns)


def _problems(figures: dict[str, Any]) -> tuple[Bar, ...]:
    """The kinds of errors and warnings that most domains have, with their titles."""
    language, total = get_language() or "en", figures["total"]
    bars = []
    for id, count in figures["problems"]:
        try:
            entry = catalog.entry(id)
        except KeyError:  # of an older version of the site
            continue
        title = entry.texts_in(language).name
        bars.append(Bar(title, count, total, entry.severity.value, url=id))
    return tuple(bars)


def _groups(figures: dict[str, Any]) -> Iterable[Groups]:
    kinds = (
        ("countries", _("By country"), _("Country")),
        ("industries", _("By industry"), _("Industry")),
    )
    names = {"others": _("Others"), "without": _("Not given")}
    for id, title, heading in kinds:
        rows = [
            Group(
                row["name"] or names.get(row["kind"], ""),
                row["total"],
                tuple(Bar("", row["has"][f], row["total"]) for f in FEATURES),
            )
            for row in figures[id]
        ]
        if not rows:
            continue
        at = list(FEATURES).index("enforced")
        bars = [(g.label, g.shares[at].count, g.total, "info") for g in rows]
        chart = _chart(id, FEATURE_TITLES["enforced"], bars, drawn=MAX_BARS)
        yield Groups(id, title, heading, _headings(), tuple(rows), chart)


def _headings() -> tuple[Text, ...]:
    """Short, for a table of many columns."""
    own: dict[str, Text] = {"enforced": _("DMARC enforced")}
    return tuple(own.get(id) or TITLES.get(id, id) for id in FEATURES)
