"""Plain counters of what was sent and what came of it. Somebody else reads them now and then."""

from __future__ import annotations

from collections import Counter


class Counts:
    """Of one transport; changed in its event loop alone. They only ever grow.

    `asked` counts the questions of reports, `shared` those of them that were not sent because
    another report had asked the same; `seconds` is the time that those sent took, in all.
    `outcomes` has an entry for each (outcome, transport) of those sent, `fetches` and `probes` one
    for each code of FetchError or Probe.error, "ok" where there was none.
    """

    __slots__ = (
        "asked", "shared", "seconds", "tries", "tcp_fallbacks", "outcomes", "fetches", "probes",
    )  # fmt: skip

    def __init__(self) -> None:
        self.asked = self.shared = self.tries = self.tcp_fallbacks = 0
        self.seconds = 0.0
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.fetches: Counter[str] = Counter()
        self.probes: Counter[str] = Counter()
