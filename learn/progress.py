"""Which articles a reader has done.

Signed out, the browser keeps it (static/js/progress.js) and the server knows nothing. Signed in,
it stands in the account. Only the reader's own button or a quiz with all answers right sets a mark.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from .articles import articles
from .models import Progress


def done_by(user: Any) -> frozenset[str]:
    """The slugs of the articles that the person has done; none for whoever is signed out."""
    if not user.is_authenticated:
        return frozenset()
    kept = frozenset(Progress.objects.filter(user=user).values_list("slug", flat=True))
    return kept & known()


def shown(request: Any) -> tuple[str, ...]:
    """The same for pages that show it: what their entity tags depend on."""
    return tuple(sorted(done_by(request.user)))


def known() -> frozenset[str]:
    """The slugs of all articles: a mark on one that is gone counts for nothing."""
    return frozenset(article.slug for article in articles("en"))


def mark(user: Any, slugs: Collection[str]) -> list[str]:
    """Marks articles as done and names those that were not done before; unknown ones are let go."""
    new = sorted((frozenset(slugs) & known()) - done_by(user))
    # Two tabs may do this at once: the second finds the marks there and is content.
    Progress.objects.bulk_create(
        [Progress(user=user, slug=slug) for slug in new], ignore_conflicts=True
    )
    return new


def unmark(user: Any, slugs: Collection[str]) -> None:
    Progress.objects.filter(user=user, slug__in=frozenset(slugs)).delete()


def exported(user: Any) -> Sequence[dict[str, Any]]:
    """What the account's export holds of it."""
    marks = Progress.objects.filter(user=user).order_by("done_at", "slug")
    return list(marks.values("slug", "done_at"))
