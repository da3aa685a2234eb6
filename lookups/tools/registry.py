"""All tools, by group, in the order in which the index shows them."""

from __future__ import annotations

from functools import cache

from .base import Tool
from .check import tool as check
from .delivery import would_pass
from .generate import bimi, bimi_logo, dkim, dmarc, mta_sts, mx, no_mail, spf, spf_flat, tls_rpt
from .headers import tool as headers
from .look_up import compare, lookup, reverse, trace
from .reports import tool as reports

TOOLS: tuple[Tool, ...] = (
    lookup.TOOL,
    trace.TOOL,
    compare.TOOL,
    reverse.TOOL,
    *check.TOOLS,
    bimi_logo.TOOL,
    spf.TOOL,
    spf_flat.TOOL,
    mx.TOOL,
    no_mail.TOOL,
    dkim.TOOL,
    dmarc.TOOL,
    bimi.TOOL,
    mta_sts.TOOL,
    tls_rpt.TOOL,
    would_pass.TOOL,
    headers.TOOL,
    reports.TOOL,
)


@cache
def _by_slug() -> dict[str, Tool]:
    return {tool.slug: tool for tool in TOOLS}


def tool(slug: str) -> Tool | None:
    return _by_slug().get(slug)


def tools(group: str) -> tuple[Tool, ...]:
    return tuple(tool for tool in TOOLS if tool.group == group)


@cache
def on(article: str) -> tuple[Tool, ...]:
    """The tools that an article explains."""
    return tuple(tool for tool in TOOLS if tool.article == article)
