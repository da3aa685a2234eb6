from django.apps import AppConfig


class LookupsConfig(AppConfig):
    """Everything that looks up: the engine, reports, their stream, pages and commands."""

    name = "lookups"

    def ready(self) -> None:
        from lookups.alerts import recipients  # noqa: F401 listens to sign-ins
