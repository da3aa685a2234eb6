from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The site around lookups and learn: home, accounts, error pages, the `serve` command."""

    name = "portal"
