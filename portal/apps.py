from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PortalConfig(AppConfig):
    """The site around lookups and learn: home, accounts, error pages, the `serve` command."""

    name = "portal"

    def ready(self) -> None:
        from portal.accounts import listening  # noqa: F401  (connects to the signals)


class OperatorAdminConfig(AdminConfig):
    """Django's admin, as `portal.operating.site` arranges it."""

    default_site = "portal.operating.site.OperatorSite"
