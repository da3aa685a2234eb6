"""What the clock does for proven domains."""

from __future__ import annotations

from celery import shared_task

from lookups.hosted import intake, proof


@shared_task
def prove_again() -> int:
    """Looks at the proofs whose week is over."""
    return proof.prove_due()


@shared_task
def forget_delivered() -> int:
    """Deletes delivered reports after thirteen months."""
    return intake.forget_old()
