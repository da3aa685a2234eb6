from typing import Any

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate

from portal.database import TIMEOUTS


class PortalConfig(AppConfig):
    """The site around lookups and learn: home, accounts, error pages, the `serve` command."""

    name = "portal"

    def ready(self) -> None:
        from portal.accounts import listening  # noqa: F401  (connects to the signals)

        any_app = apps.get_app_config("contenttypes")  # each one sends the signals
        pre_migrate.connect(_take_time, sender=any_app)
        post_migrate.connect(_keep_to_time, sender=any_app)


def _take_time(using: str, **_: Any) -> None:
    """A migration may take as long as it takes."""
    _set_timeouts(using, "SET {} = 0")


def _keep_to_time(using: str, **_: Any) -> None:
    _set_timeouts(using, "RESET {}")


def _set_timeouts(using: str, statement: str) -> None:
    """Those of portal.database, where they are in force, on the connection that migrates."""
    connection = connections[using]
    if "pool" in connection.settings_dict["OPTIONS"]:
        with connection.cursor() as cursor:
            cursor.execute("; ".join(statement.format(name) for name in TIMEOUTS))


class OperatorAdminConfig(AdminConfig):
    """Django's admin, as `portal.operating.site` arranges it."""

    default_site = "portal.operating.site.OperatorSite"
