from django.apps import AppConfig


class LearnConfig(AppConfig):
    """What teaches: the articles and the classroom."""

    name = "learn"
