"""What search engines read of an article: schema.org as JSON-LD."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from .articles import Article

# JSON inside <script> must not hold what could end the element (HTML standard, "Restrictions for
# contents of script elements").
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}


def of_article(article: Article, group: str) -> SafeString:
    """TechArticle and BreadcrumbList, for <script type="application/ld+json">."""
    graph = [_article(article), _breadcrumb(article, group)]
    text = json.dumps({"@context": "https://schema.org", "@graph": graph}, ensure_ascii=False)
    # Safe: no character is left that HTML gives a meaning inside a script.
    return mark_safe(text.translate(_ESCAPES))


def _article(article: Article) -> dict[str, Any]:
    site = {"@type": "Organization", "name": "MXplain", "url": settings.PUBLIC_URL + "/"}
    return {
        "@type": "TechArticle",
        "headline": article.title,
        "description": article.summary,
        "inLanguage": article.language,
        "dateModified": article.reviewed.isoformat(),
        "timeRequired": f"PT{article.minutes}M",
        "url": _url("article", article.slug),
        "image": _url("article-image", article.slug),
        "isAccessibleForFree": True,
        "author": site,
        "publisher": site,
    }


def _breadcrumb(article: Article, group: str) -> dict[str, Any]:
    steps = [
        (_("Learn"), _url("learn")),
        (group, f"{_url('learn')}#{article.group}"),
        (article.title, _url("article", article.slug)),
    ]
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": number, "name": name, "item": url}
            for number, (name, url) in enumerate(steps, 1)
        ],
    }


def _url(name: str, *arguments: str) -> str:
    return settings.PUBLIC_URL + reverse(name, args=arguments)
