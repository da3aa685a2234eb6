"""What the clock does for proven domains."""

from __future__ import annotations

from celery import shared_task

from lookups import stream
from lookups.even_clock import by_an_even_clock
from lookups.hosted import intake, proof, spf

LEASE, LEASE_SECONDS = "lease:refresh-spf", 600


@shared_task
def prove_again() -> int:
    """Looks at the proofs whose week is over."""
    return proof.prove_due()


@shared_task
@by_an_even_clock
def forget_delivered() -> int:
    """Deletes delivered reports after thirteen months."""
    return intake.forget_old()


@shared_task
def refresh_spf() -> int:
    """Writes out the flat SPF records whose sources may have changed, and keeps them served."""
    if not stream.take_for(LEASE, "1", LEASE_SECONDS):
        return 0  # the run before is still at it
    try:
        count = spf.refresh_due()
        spf.mend_store()
    finally:
        stream.client().delete(LEASE)
    return count
