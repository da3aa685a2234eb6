"""What kind of browser asks, in two words. Of what it says of itself, no more is kept."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

MAX_LENGTH = 40
# The first that is found counts: browsers name those that they descend from, too.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl/", "curl"),
    ("python", "Python"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def of(request: HttpRequest | None) -> str:
    """`browser/system`, either may be missing; as kept on rows."""
    agent = request.META.get("HTTP_USER_AGENT", "")[:500] if request is not None else ""
    return f"{_first(BROWSERS, agent)}/{_first(SYSTEMS, agent)}".strip("/")


def _first(known: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for mark, name in known if mark in agent), "")


def words(device: str) -> str:
    """The same for people; empty where nothing was known."""
    browser, _slash, system = device.partition("/")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser
