"""The shapes of what goes in and out. Their descriptions are part of the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from lookups.engine.report import TOPICS

from .paging import Next

Topic = Literal[tuple(TOPICS)]  # type: ignore[valid-type]
Severity = Literal["good", "info", "warning", "error"]
Interval = Literal["off", "hourly", "daily", "weekly"]
Selectors = list[str]

SELECTORS: dict[str, Any] = {
    "max_length": 100,
    "description": "DKIM selectors to look at; without any, the usual ones are tried.",
}


class Body(Schema):
    """What is sent: a field that does not exist is refused, not overlooked."""

    model_config = ConfigDict(extra="forbid")


# --- reports -----------------------------------------------------------------------------------
class ReportWanted(Body):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"domain": "perfect.classroom.test"}]}
    )

    domain: str = Field(
        max_length=2000, description="The domain, in Unicode or as A-labels; a URL or an address."
    )
    selectors: Selectors = Field([], **SELECTORS)
    topics: list[Topic] = Field(
        [],
        max_length=len(TOPICS),
        description="The topics that the addresses in the answer show. All are checked anyway.",
    )
    again: bool = Field(False, description="Make a new report even if there is a young one.")
    save: bool = Field(False, description="Keep it in your history of the domain. Needs a token.")


class ReportReference(Schema):
    """Where a report is to be found."""

    token: str
    domain: str = Field(description="In A-labels.")
    state: Literal["waiting", "running", "done", "failed"]
    report: str = Field(description="Its address in the API.")
    events: str = Field(description="The address that tells its sections while it is made.")
    url: str = Field(description="Its page for people.")


class FindingShown(Schema):
    """A finding in words of the language asked for."""

    id: str
    severity: Severity
    parameters: dict[str, Any]
    evidence: list[dict[str, Any]] = Field(description="The questions that prove it.")
    title: str
    explanation: str
    remedy: str
    article: str = Field(description="The slug of the article that explains it.")


class SectionShown(Schema):
    """One topic. `records` differ by topic: see docs/contracts.md in the source."""

    topic: str
    status: Literal["good", "info", "warning", "error", "running"]
    records: dict[str, Any]
    findings: list[FindingShown]


class ReportShown(Schema):
    """A whole report. `schema` is 1 as long as what is there keeps its meaning."""

    schema_: int = Field(alias="schema")
    token: str
    state: Literal["waiting", "running", "done", "failed"]
    failure: Literal["crash", "lost", "opted-out"] | None = Field(
        description="Why it failed; `opted-out`: the domain asks not to be checked."
    )
    domain: str
    started: datetime | None
    finished: datetime | None
    score: int | None = Field(description="0 to 100; null while it is made, or where none applies.")
    sections: list[SectionShown]
    queries: list[dict[str, Any]] = Field(description="Every question that DNS was asked.")
    url: str


class ReportRow(Schema):
    """A report in a list."""

    token: str
    domain: str
    unicode: str
    name: str
    state: Literal["waiting", "running", "done", "failed"]
    status: str = Field(description="The worst severity; empty until it is done.")
    score: int | None
    created: datetime
    finished: datetime | None
    saved: bool
    report: str
    url: str


class ReportPage(Schema):
    items: list[ReportRow]
    next: Next


# --- tools -------------------------------------------------------------------------------------
class ToolShown(Schema):
    """`parameters` is a JSON Schema of what the tool takes."""

    slug: str
    group: str
    title: str
    summary: str
    article: str
    methods: list[Literal["GET", "POST"]]
    href: str
    parameters: dict[str, Any]


class ToolList(Schema):
    items: list[ToolShown]


# --- findings ----------------------------------------------------------------------------------
class FindingRow(Schema):
    id: str
    topic: str
    severity: Severity
    title: str
    href: str


class FindingList(Schema):
    items: list[FindingRow]


class RfcSection(Schema):
    label: str
    url: str


class FindingEntry(Schema):
    """What the catalog says of a finding, with sensible parameters in its sentences."""

    id: str
    topic: str
    severity: Severity
    title: str
    meaning: str
    why: str
    remedy: str
    parameters: dict[str, Any]
    rfc: list[RfcSection]
    article: str
    lesson: str = Field(description="A domain of the classroom that shows it.")
    url: str


# --- watched domains ---------------------------------------------------------------------------
class TeamShown(Schema):
    token: str
    name: str


class LastReport(Schema):
    token: str
    status: str
    score: int | None
    finished: datetime | None
    report: str


class WatchShown(Schema):
    token: str
    domain: str
    unicode: str
    name: str
    selectors: Selectors
    interval: Interval
    next_check: datetime | None
    created: datetime
    team: TeamShown | None = Field(description="null: it is your own.")
    verified: bool = Field(description="Whether it is proven that its holder has the domain.")
    can_edit: bool
    last: LastReport | None
    watch: str
    url: str


class WatchPage(Schema):
    items: list[WatchShown]
    next: Next


class WatchWanted(Body):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"domain": "perfect.classroom.test", "interval": "daily"}]},
    )

    domain: str = Field(max_length=2000)
    interval: Interval = "daily"
    name: str = Field("", max_length=100)
    selectors: Selectors = Field([], **SELECTORS)
    team: str | None = Field(
        None, max_length=22, description="The token of a team in which you may add domains."
    )


class WatchChange(Body):
    """Only what is given is changed."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"interval": "hourly"}]}
    )

    name: str = Field("", max_length=100)
    selectors: Selectors = Field([], **SELECTORS)
    interval: Interval = "daily"


class RecordChangeShown(Schema):
    kind: Literal["added", "removed", "changed"]
    topic: str
    name: str
    type: str
    before: str
    after: str


class FindingReference(Schema):
    topic: str
    id: str
    parameters: dict[str, Any]


class VerdictChange(Schema):
    topic: str
    before: str
    after: str


class DifferenceShown(Schema):
    """What changed from the report `before` to the report `after`."""

    before: str
    after: str
    records: list[RecordChangeShown]
    new: list[FindingReference]
    gone: list[FindingReference]
    verdicts: list[VerdictChange]


# --- errors, and the way in --------------------------------------------------------------------
class FieldError(Schema):
    field: str = Field(description="Empty where the whole request is meant.")
    message: str


class ProblemShown(Schema):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="The page that explains this kind of problem.")
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


class Index(Schema):
    openapi: str
    docs: str
    reports: str
    tools: str
    findings: str
    watches: str
    bulk: str
