"""What is kept of a report, and what is counted."""

from __future__ import annotations

import pytest

from lookups.bulk import figures, words
from lookups.bulk.charts import Bar, summary
from lookups.bulk.export import figures_csv
from lookups.bulk.summary import COLUMNS, FEATURES, TOPICS, outcome
from lookups.engine.finding import Finding, Section


def word(topic: str, records: dict, *ids: str, **more) -> str:
    section = Section(topic, records, tuple(Finding(id) for id in ids), **more)
    return outcome({topic: section}).summary[topic.replace("-", "_")]


@pytest.mark.parametrize(
    ("topic", "records", "ids", "expected"),
    [
        ("mx", {"kind": "null"}, (), "null"),
        ("spf", {"kind": "record", "default": "softfail"}, ("spf-found",), "softfail"),
        ("spf", {"kind": "record", "default": "fail"}, (), "invalid"),
        ("spf", {"kind": "record", "default": None}, ("spf-found",), "invalid"),
        ("spf", {"kind": "multiple"}, (), "invalid"),
        ("spf", {"kind": "none"}, (), "none"),
        ("spf", {"kind": "unknown"}, (), "unknown"),
        ("dkim", {"kind": "not-found"}, (), "none"),
        ("dkim", {"kind": "hidden"}, (), "hidden"),
        ("dmarc", {"kind": "own", "effective": "quarantine"}, (), "quarantine"),
        ("dmarc", {"kind": "inherited", "effective": "none"}, (), "none"),
        ("dmarc", {"kind": "own", "effective": ""}, (), "invalid"),
        ("dmarc", {"kind": "none", "walk": [{"state": "none"}]}, (), "missing"),
        ("dmarc", {"kind": "none", "walk": [{"state": "multiple"}]}, (), "invalid"),
        ("mta-sts", {"state": "no-policy"}, (), "invalid"),
        ("mta-sts", {"state": "mode-none"}, (), "off"),
        ("tls-rpt", {"raw": []}, ("dns-timeout",), "unknown"),
        ("tls-rpt", {"raw": [1]}, (), "invalid"),
        ("tls-rpt", {"raw": []}, (), "none"),
        ("dnssec", {"security": "indeterminate"}, (), "unknown"),
        ("dnssec", {"security": "bogus"}, (), "bogus"),
        ("dane", {"mx": "secure", "hosts": [{"state": "usable"}]}, (), "usable"),
        ("dane", {"mx": "insecure", "hosts": [{"state": "usable"}]}, (), "invalid"),
        ("dane", {"mx": "secure", "hosts": [{"state": "usable"}, {"state": "none"}]}, (), "partly"),
        ("dane", {"hosts": [{"state": "bogus"}]}, (), "invalid"),
        ("dane", {"hosts": [{"state": "failed"}]}, (), "unknown"),
        ("dane", {"kind": "null"}, (), "none"),
        ("bimi", {"state": "declined"}, (), "none"),
    ],
)
def test_words(topic, records, ids, expected):
    assert word(topic, records, *ids) == expected
    assert expected in COLUMNS[topic.replace("-", "_")]


def test_what_broke_off_is_unknown():
    assert word("mx", {"kind": "mx"}, failed="deadline") == "unknown"
    assert outcome({}).summary["spf"] == "unknown"


def test_every_topic_has_a_column_and_every_column_words():
    assert {topic.replace("-", "_") for topic in TOPICS} == set(COLUMNS) == set(words.TITLES)
    for column, values in COLUMNS.items():
        labels = [str(label) for _, label in words.words_of(column)]
        assert len(set(labels)) == len(values)
        assert {words.level(column, v) for v in values} <= {"good", "warning", "error", "quiet"}
    for feature in FEATURES.values():
        assert set(feature.has) | set(feature.lacks) <= set(COLUMNS[feature.column])
        assert not set(feature.has) & set(feature.lacks)
        assert feature.id in words.FEATURE_TITLES


def row(score=50, country="", industry="", status="good", **own):
    summary = {column: values[-1] for column, values in COLUMNS.items()}
    return status, score, summary | {"errors": [], "warnings": []} | own, country, industry


def test_counting():
    made = figures.count(
        [
            row(100, "JP", "Bank"),
            row(95, "JP", dmarc="missing", warnings=["dmarc-none"]),
            row(0, "", spf="unknown", status="error", errors=["mx-none"]),
            row(None, "FR"),
        ]
    )
    assert made["total"] == 4 and made["median"] == 95
    assert made["features"]["dmarc"] == {"has": 3, "lacks": 1}
    assert made["features"]["spf"] == {"has": 3, "lacks": 0}
    assert made["words"]["dmarc"]["reject"] == 3
    assert made["scores"] == [1] + [0] * 8 + [2]
    assert [(g["name"], g["kind"], g["total"]) for g in made["countries"]] == [
        ("JP", "named", 2), ("FR", "named", 1), ("", "without", 1)
    ]  # fmt: skip
    assert made["problems"] == [("dmarc-none", 1), ("mx-none", 1)]


def test_many_groups_are_told_together():
    made = figures.count([row(country=f"c{n:02}") for n in range(figures.MAX_GROUPS + 5)])
    assert made["countries"][-1] | {"has": 0} == {
        "name": "", "kind": "others", "total": 5, "has": 0
    }  # fmt: skip
    assert not made["industries"]


@pytest.mark.parametrize("rows", [[], [row()], [row(country="=1")] * 3])
def test_figures_are_drawn_whatever_they_are(rows):
    made = figures.count(rows)
    drawn = summary(made)
    assert len(drawn.scores) == figures.BANDS and drawn.charts[0].height > 0
    assert "'=1" not in figures_csv(made)  # it stands behind “country: ”
    assert "\n=" not in figures_csv(made)


@pytest.mark.parametrize(
    ("count", "total", "percent"),
    [(0, 0, "0"), (0, 5, "0"), (5, 5, "100"), (1, 3, "33"), (1, 1000, "0.1"), (999, 1000, "99.9")],
)
def test_percent(count, total, percent):
    assert Bar("", count, total).percent == percent
