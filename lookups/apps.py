from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LookupsConfig(AppConfig):
    """Everything that looks up: the engine, reports, their stream, pages and commands."""

    name = "lookups"
    verbose_name = _("Checks and domains")

    def ready(self) -> None:
        from django.db.models.signals import post_delete, post_save

        from lookups.alerts import recipients  # noqa: F401 listens to sign-ins
        from lookups.observing import celery_signals, worker  # noqa: F401 listen to Celery

        from .blocked import refusal as blocked
        from .blocked.models import BlockedDomain

        for signal in (post_save, post_delete):
            signal.connect(blocked.forget, sender=BlockedDomain, dispatch_uid="blocked")
