"""What the clock does for proven domains."""

from __future__ import annotations

from celery import shared_task

from lookups.hosted import intake, proof, spf


@shared_task
def prove_again() -> int:
    """Looks at the proofs whose week is over."""
    return proof.prove_due()


@shared_task
def forget_delivered() -> int:
    """Deletes delivered reports after thirteen months."""
    return intake.forget_old()


@shared_task
def refresh_spf() -> int:
    """Writes out the flat SPF records whose sources may have changed, and keeps them served."""
    count = spf.refresh_due()
    spf.mend_store()
    return count
