"""What is counted, in Prometheus' terms. Labels take values from short lists of our own only.

With PROMETHEUS_MULTIPROC_DIR each process keeps its figures in files there, and whichever is asked
adds them up (docs/decisions/0016); settings name that folder for the parts of a running site.
"""

from __future__ import annotations

import threading
from collections import Counter as Tally

from prometheus_client import Counter, Gauge, Histogram

from lookups.engine.counts import Counts
from lookups.engine.exchange import Outcome
from lookups.engine.fetch import FetchError

QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
OTHER = "other"

# --- pages ---------------------------------------------------------------------------------------
REQUESTS = Counter(
    "mxplain_http_requests", "Requests by route, method and status.", ("route", "method", "status")
)
REQUEST_SECONDS = Histogram(
    "mxplain_http_request_seconds",
    "From a request to the end of its response; event streams are left out.",
    ("route",),
    buckets=QUICK,
)
EVENT_STREAMS = Gauge(
    "mxplain_event_streams",
    "Open event streams: pages that watch something being made.",
    multiprocess_mode="livesum",
)

# --- reports -------------------------------------------------------------------------------------
REPORTS = Counter("mxplain_reports", "Reports that came to an end, by outcome.", ("outcome",))
REPORT_SECONDS = Histogram(
    "mxplain_report_seconds", "From the beginning of a report to its end.", buckets=SLOW
)
FIRST_SECTION_SECONDS = Histogram(
    "mxplain_first_section_seconds",
    "From asking for a report to its first section: what a visitor waits.",
    buckets=SLOW,
)
BULK_DOMAINS = Counter("mxplain_bulk_domains", "Domains of bulk checks, by outcome.", ("outcome",))

# --- other people's machines ---------------------------------------------------------------------
DNS_ASKED = Counter("mxplain_dns_asked", "Questions that reports and tools had.")
DNS_SHARED = Counter(
    "mxplain_dns_shared", "Those that were not sent: another report had just asked the same."
)
DNS_QUESTIONS = Counter(
    "mxplain_dns_questions", "Questions sent, by outcome and transport.", ("outcome", "transport")
)
DNS_SECONDS = Counter("mxplain_dns_seconds", "How long the questions sent took, in all.")
DNS_TRIES = Counter("mxplain_dns_tries", "How often they were sent; repeats count.")
DNS_TCP_FALLBACKS = Counter(
    "mxplain_dns_tcp_fallbacks", "Questions asked again over TCP, truncated or doubtful over UDP."
)
FETCHES = Counter("mxplain_fetches", "HTTPS files fetched and posts, by outcome.", ("outcome",))
PROBES = Counter("mxplain_smtp_probes", "Mail servers spoken to, by outcome.", ("outcome",))

# --- work ----------------------------------------------------------------------------------------
DELIVERIES = Counter(
    "mxplain_deliveries",
    "Mails and webhook calls about alerts: sent, failed (tried again later), given up.",
    ("channel", "outcome"),
)
TASKS = Counter("mxplain_tasks", "Celery tasks by name and state.", ("task", "state"))
TASK_SECONDS = Histogram(
    "mxplain_task_seconds", "How long Celery tasks took.", ("task",), buckets=SLOW
)

_OUTCOMES = frozenset(outcome.value for outcome in Outcome)
_FETCH_CODES = frozenset({*FetchError.CODES, "ok", "cut-off", "timeout"})
_lock = threading.Lock()
_taken: dict[int, _Seen] = {}


class _Seen:
    """What was already taken from one transport's counters."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts  # kept, so that its id stays its own
        self.figures: Tally[object] = Tally()

    def more(self, name: object, now: float) -> float:
        before, self.figures[name] = self.figures[name], now  # type: ignore[assignment]
        return max(0, now - before)


def take(counts: Counts, last: bool = False) -> None:
    """Adds what a transport counted since it was last asked. `last`: it asks nothing any more."""
    with _lock:
        seen = _taken.setdefault(id(counts), _Seen(counts))
        DNS_ASKED.inc(seen.more("asked", counts.asked))
        DNS_SHARED.inc(seen.more("shared", counts.shared))
        DNS_SECONDS.inc(seen.more("seconds", counts.seconds))
        DNS_TRIES.inc(seen.more("tries", counts.tries))
        DNS_TCP_FALLBACKS.inc(seen.more("tcp", counts.tcp_fallbacks))
        for (outcome, transport), number in list(counts.outcomes.items()):
            label = outcome if outcome in _OUTCOMES else OTHER
            more = seen.more(("dns", outcome, transport), number)
            DNS_QUESTIONS.labels(label, "tcp" if transport == "tcp" else "udp").inc(more)
        for metric, tally in ((FETCHES, counts.fetches), (PROBES, counts.probes)):
            for code, number in list(tally.items()):
                more = seen.more((metric, code), number)
                metric.labels(_code(metric, code)).inc(more)
        if last:
            del _taken[id(counts)]


def _code(metric: Counter, code: str) -> str:
    """Codes of probes are a short list of the engine's too, but no one place names them all."""
    if metric is FETCHES:
        return code if code in _FETCH_CODES else OTHER
    return code if len(code) <= 20 and code.replace("-", "").isalpha() else OTHER


def task_ended(name: str, state: str, seconds: float) -> None:
    """`name` is that of a task that this worker knows, so there are as many as in the code."""
    short = name.rpartition(".")[2]
    TASKS.labels(short, state.lower()).inc()
    TASK_SECONDS.labels(short).observe(seconds)


def request_ended(route: str, method: str, status: int, seconds: float | None) -> None:
    """`route` is the name of an address pattern; `seconds` None for an event stream."""
    REQUESTS.labels(route, method if method in METHODS else OTHER, str(status)).inc()
    if seconds is not None:
        REQUEST_SECONDS.labels(route).observe(seconds)
