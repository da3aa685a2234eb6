"""The score by its rule, as the page /score/ states it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups import catalog
from lookups.engine.finding import Severity
from lookups.score import POINTS, mend_first, score


def ids(topic: str, severity: Severity, count: int) -> list[dict[str, str]]:
    """`count` different findings of a topic with this severity."""
    found = [id for id in catalog.ids() if catalog.entry(id).topic == topic]
    matching = [id for id in found if catalog.entry(id).severity is severity]
    assert len(matching) >= count
    return [{"id": id} for id in matching[:count]]


def section(topic: str, good: int = 0, warnings: int = 0, errors: int = 0, **records):
    findings = [
        *ids(topic, Severity.GOOD, good),
        *ids(topic, Severity.WARNING, warnings),
        *ids(topic, Severity.ERROR, errors),
    ]
    return {"findings": findings, "records": records}


def test_every_topic_has_points_and_they_are_on_the_page(client):
    assert set(POINTS) == set(catalog.topics()) - {"dns"}
    page = client.get("/score/").text
    for topic in POINTS:
        assert catalog.topic_title(topic, "en") in page
    for part in ("50%", "25%", "20%"):
        assert part in page
    assert client.get("/ja/score/").status_code == 200


@pytest.mark.parametrize(
    ("good", "warnings", "errors", "left"),
    [
        (1, 0, 0, 1.0),
        (2, 0, 0, 1.0),
        (0, 0, 0, 0.0),  # nothing in order: nothing earned
        (1, 1, 0, 0.8),
        (1, 3, 0, 0.4),
        (1, 0, 1, 0.5),
        (1, 0, 2, 0.25),
        (1, 1, 1, 0.3),
        (1, 3, 3, 0.0),
        (0, 1, 0, 0.0),
    ],
)
def test_errors_and_warnings_take_their_part(good, warnings, errors, left):
    made = score({"mx": section("mx", good, warnings, errors)})
    assert made.topics[0].earned == pytest.approx(POINTS["mx"] * left)
    assert made.total == round(100 * left)


def test_a_kind_counts_once():
    [error] = ids("mx", Severity.ERROR, 1)
    findings = [*ids("mx", Severity.GOOD, 1), error, error, error]
    assert score({"mx": {"findings": findings}}).total == 50


def test_topics_weigh_by_their_points():
    made = score({"mx": section("mx", good=1), "spf": section("spf")})
    assert made.total == round(100 * POINTS["mx"] / (POINTS["mx"] + POINTS["spf"]))


def test_what_is_left_out():
    good = section("mx", good=1)
    assert score({"mx": good, "smtp": section("smtp", off=True)}).total == 100
    assert score({"mx": good, "spf": section("spf") | {"failed": "crash"}}).total == 100
    null = {
        "mx": section("mx", kind="null"),
        "mta-sts": section("mta-sts"),
        "dane": section("dane"),
    }
    assert score(null).total is None
    assert score(null | {"spf": section("spf", good=1)}).total == 100
    assert score({}).total is None


def test_a_domain_that_sends_nothing_needs_no_key():
    sections = {
        "mx": section("mx", kind="null"),
        "spf": {"findings": [*ids("spf", Severity.GOOD, 1), {"id": "spf-no-mail"}]},
        "dkim": section("dkim"),
    }
    assert score(sections).total == 100


def test_errors_come_before_warnings_and_each_kind_once():
    sections = {
        "mx": section("mx", warnings=2),
        "spf": section("spf", errors=1, warnings=1),
        "dmarc": section("dmarc", errors=1),
    }
    sections["spf"]["findings"] *= 2
    chosen = mend_first(sections)
    assert [topic for topic, _ in chosen] == ["dmarc", "spf", "mx"]
    assert len({finding["id"] for _, finding in chosen}) == 3


@given(
    st.dictionaries(
        st.sampled_from([*POINTS, "unknown"]),
        st.fixed_dictionaries(
            {
                "findings": st.lists(
                    st.fixed_dictionaries(
                        {"id": st.sampled_from([*catalog.ids(), "no-such-finding"])}
                    ),
                    max_size=12,
                )
            }
        ),
    )
)
def test_the_score_is_a_percentage(sections):
    total = score(sections).total
    assert total is None or 0 <= total <= 100
    assert len(mend_first(sections)) <= 3
