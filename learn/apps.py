from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LearnConfig(AppConfig):
    """What teaches: the articles and the classroom."""

    name = "learn"
    verbose_name = _("Learning")

    def ready(self) -> None:
        from django.db.models.signals import post_delete

        from .own_zones import shelf
        from .own_zones.models import OwnZone

        def withdraw(instance: OwnZone, **kwargs: object) -> None:
            shelf.withdraw(instance)

        post_delete.connect(withdraw, sender=OwnZone, weak=False, dispatch_uid="own-zones")
