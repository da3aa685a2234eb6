"""Mail services that many domains use: their MX hosts and what SPF includes (providers.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import get_language, gettext_lazy


@dataclass(frozen=True, slots=True)
class Provider:
    """One service. `mx` holds preference and host; the other fields are those of the file."""

    id: str
    titles: dict[str, str]
    spf: str
    source: str
    mx: tuple[tuple[int, str], ...] = ()
    selectors: tuple[str, ...] = ()
    subdomain: bool = False
    foreign: bool = False
    confirm: bool = False
    article: str = ""

    @property
    def title(self) -> str:
        """In the active language."""
        return self.titles.get(get_language() or "en", self.titles["en"])

    def hosts(self, domain: str) -> tuple[tuple[int, str], ...]:
        """The MX hosts for `domain` (A-labels), with their preference."""
        dashed = domain.replace(".", "-")
        return tuple((preference, host.format(dashed=dashed)) for preference, host in self.mx)


@cache
def providers() -> dict[str, Provider]:
    """All by their id, in the order of the file."""
    text = files("lookups.tools").joinpath("providers.toml").read_text(encoding="utf-8")
    return {id: _provider(id, **about) for id, about in tomllib.loads(text).items()}


def mailboxes() -> tuple[Provider, ...]:
    """Those that take mail."""
    return tuple(provider for provider in providers().values() if provider.mx)


def senders() -> tuple[Provider, ...]:
    """One for each domain that SPF may include: variants of one service are one sender."""
    found: dict[str, Provider] = {}
    for provider in providers().values():
        found.setdefault(provider.spf, provider)
    return tuple(found.values())


def unknown(ids: Iterable[str]) -> dict[str, Any]:
    """Error messages of a field that takes one of `ids`: a command has no list to choose from."""
    words = gettext_lazy("“%(value)s” is no service that is known here. Known are:")
    return {"invalid_choice": format_lazy("{} {}", words, ", ".join(ids))}


def sender_of(domain: str) -> Provider | None:
    """The service that asks for `include:domain`."""
    return next((provider for provider in senders() if provider.spf == domain.lower()), None)


def _provider(
    id: str,
    title: dict[str, str],
    mx: list[list[int | str]] | None = None,
    selectors: list[str] | None = None,
    **rest: str | bool,
) -> Provider:
    hosts = tuple((int(preference), str(host)) for preference, host in mx or ())
    return Provider(id, title, mx=hosts, selectors=tuple(selectors or ()), **rest)  # type: ignore[arg-type]
