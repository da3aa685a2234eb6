"""Learners' own zones in the admin: to look at, and to delete."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from learn.models import OwnZone


@admin.register(OwnZone)
class OwnZoneAdmin(admin.ModelAdmin):
    list_display = ("label", "owner_email", "exercise", "signed", "created", "used")
    list_filter = ("exercise", "signed", "created")
    search_fields = ("label", "owner__email", "text")
    ordering = ("-used",)
    exclude = ("holder",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[OwnZone]:
        return super().get_queryset(request).select_related("owner")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("account"), ordering="owner__email")
    def owner_email(self, zone: OwnZone) -> str:
        return zone.owner.email if zone.owner else "–"
