"""DNS as a tool sees it: whom to ask is settled by the site or by the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

from lookups.engine.context import Context
from lookups.engine.guard import GuardSettings
from lookups.engine.names import Domain
from lookups.engine.resolver import Resolver, ResolverSettings
from lookups.engine.transport import Transport
from lookups.observing import metrics
from lookups.pace import pace
from lookups.runtime import context_for, guard_settings, resolver_settings

AsIf = Mapping[tuple[str, str], tuple[str, ...]]


@dataclass(eq=False, slots=True)
class Dns:
    """Makes resolvers and contexts, and closes what they leave open: `async with Dns() as dns`."""

    settings: ResolverSettings = field(default_factory=resolver_settings)
    guard: GuardSettings = field(default_factory=guard_settings)
    # Whether the person who asks also runs the site, and so may name any server.
    trusted: bool = False
    _transport: Transport | None = None
    _resolvers: list[Resolver] = field(default_factory=list)

    def resolver(self, **changes: Any) -> Resolver:
        """A resolver of its own log and budget. `changes`: fields of ResolverSettings."""
        resolver = Resolver(replace(self.settings, **changes), self.transport)
        self._resolvers.append(resolver)
        return resolver

    def context(
        self,
        domain: Domain,
        selectors: Sequence[str] = (),
        as_if: AsIf | None = None,
        files: Mapping[str, bytes] | None = None,
        seconds: float | None = None,
    ) -> Context:
        """What a check of `domain` needs. `as_if`: records taken for published, see Resolver;
        `files`: what HTTPS is taken to serve, see Guard. `seconds`: its time, if some is spent."""
        limit = self.settings.report_timeout if seconds is None else max(0.0, seconds)
        chosen = replace(self.settings, as_if=dict(as_if or {}), report_timeout=limit)
        guard = replace(self.guard, files=dict(files or {}))
        context = context_for(domain, self.transport, chosen, selectors, guard=guard)
        self._resolvers.append(context.resolver)
        return context

    @property
    def transport(self) -> Transport:
        if self._transport is None:
            self._transport = Transport(None if self.trusted else pace())
        return self._transport

    @property
    def queries(self) -> list[dict[str, Any]]:
        """Everything that was asked so far, in order."""
        log = [query for resolver in self._resolvers for query in resolver.log]
        return sorted(log, key=lambda query: query["number"])

    async def __aenter__(self) -> Dns:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for resolver in self._resolvers:
            resolver.close()
        if self._transport is not None:
            metrics.take(self._transport.counts, last=True)
            self._transport.close()
