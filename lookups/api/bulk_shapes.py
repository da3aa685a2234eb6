"""The shapes of bulk checks."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from lookups.bulk.reading import MAX_DOMAINS

from .paging import Next
from .shapes import Body, TeamShown


class BulkWanted(Body):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"domains": ["perfect.classroom.test", "no-mail.classroom.test"]}]
        },
    )

    domains: list[str] = Field(min_length=1, max_length=MAX_DOMAINS)
    name: str = Field("", max_length=100, description="Without one it is named by its date.")
    team: str | None = Field(
        None, max_length=22, description="The token of a team in which you may add domains."
    )


class RefusedLine(Schema):
    number: int
    text: str
    reason: str


class BulkShown(Schema):
    """`done` and `failed` count the domains of which no more will be heard."""

    token: str
    name: str
    state: Literal["waiting", "running", "paused", "done", "cancelled"]
    total: int
    done: int
    failed: int
    duplicates: int
    refused: int
    refused_lines: list[RefusedLine]
    created: datetime
    started: datetime | None
    finished: datetime | None
    team: TeamShown | None
    can_edit: bool
    bulk: str
    items: str
    url: str


class BulkPage(Schema):
    items: list[BulkShown]
    next: Next


class ItemShown(Schema):
    """One domain, and a word for each thing that was looked at; null where it is not done."""

    model_config = ConfigDict(extra="allow")

    domain: str
    unicode: str
    country: str
    industry: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    verdict: str | None
    score: int | None
    errors: list[str]
    warnings: list[str]
    failure: str | None
    checked: datetime | None


class ItemPage(Schema):
    items: list[ItemShown]
    next: Next
