"""The articles as an Atom feed, one a language, dated by their last review."""

from __future__ import annotations

from datetime import UTC, datetime, time

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from .articles import Article, articles
from .views import group_titles


class ArticlesFeed(Feed):
    """Every article of the language, the most recently reviewed first."""

    feed_type = Atom1Feed

    # Addresses are absolute: the feed is read elsewhere, and the site may be reached by many names.
    def link(self) -> str:
        return settings.PUBLIC_URL + reverse("learn")

    def feed_url(self) -> str:
        return settings.PUBLIC_URL + reverse("learn-feed")

    def title(self) -> str:
        return "MXplain: " + _("Learn how mail finds its way")

    def subtitle(self) -> str:
        return _(
            "Short articles on mail, DNS and the records that join them, each with lookups that "
            "run while you read."
        )

    def author_name(self) -> str:
        return "MXplain"

    def items(self) -> list[Article]:
        language = get_language() or "en"
        return sorted(articles(language), key=lambda a: (-a.reviewed.toordinal(), a.order))

    def item_title(self, item: Article) -> str:
        return item.title

    def item_description(self, item: Article) -> str:
        return item.summary

    def item_link(self, item: Article) -> str:
        return settings.PUBLIC_URL + reverse("article", args=[item.slug])

    def item_updateddate(self, item: Article) -> datetime:
        return datetime.combine(item.reviewed, time(), UTC)

    def item_categories(self, item: Article) -> list[str]:
        return [group_titles()[item.group]]
