"""What the API keeps no longer than it says."""

from __future__ import annotations

from celery import shared_task

from lookups.even_clock import by_an_even_clock

from .models import ApiToken, IdempotencyKey


@shared_task
@by_an_even_clock
def forget_api_rows() -> int:
    """Deletes answers kept for repeated requests after a day, and tokens revoked long ago."""
    old, _ = IdempotencyKey.objects.filter(created__lt=IdempotencyKey.oldest()).delete()
    gone, _ = ApiToken.objects.forgettable().delete()
    return old + gone
