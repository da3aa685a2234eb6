"""Accounts in the admin."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from django.contrib import admin, messages
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from lookups.teams.ending import delete_account

for model in (Group, User, EmailAddress, EmailConfirmation):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class AddressInline(admin.TabularInline):
    """The addresses that the person confirmed, or not yet."""

    model = EmailAddress
    fields = ("email", "verified", "primary")
    readonly_fields = ("email",)
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """People sign up themselves; an operator can shut an account, and say who is staff."""

    list_display = ("email", "date_joined", "last_login", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff", "date_joined")
    search_fields = ("email",)
    ordering = ("-date_joined",)
    date_hierarchy = "date_joined"
    fields = ("email", "date_joined", "last_login", "is_active", "is_staff", "is_superuser",
              "user_permissions")  # fmt: skip
    readonly_fields = ("email", "date_joined", "last_login")
    filter_horizontal = ("user_permissions",)
    inlines = (AddressInline,)
    actions = ("deactivate", "activate")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj) and obj != request.user
        return allowed and self._reaches(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only superusers say who may do what; nobody shuts themselves out."""
        fields = tuple(self.readonly_fields)
        if not request.user.is_superuser or obj == request.user:
            fields += ("is_active", "is_staff", "is_superuser", "user_permissions")
        elif obj is not None and obj.is_superuser:
            fields += ("user_permissions",)
        return fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A superuser's account is for superusers."""
        return super().has_change_permission(request, obj) and self._reaches(request, obj)

    def _reaches(self, request: HttpRequest, obj: Any) -> bool:
        return obj is None or not obj.is_superuser or request.user.is_superuser

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The name of a permission begins with its model: that takes no query for each."""
        if db_field.name == "user_permissions":
            kwargs["queryset"] = Permission.objects.select_related("content_type")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_actions(self, request: HttpRequest) -> Any:
        """Accounts are deleted one at a time, on their own page."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        delete_account(obj)

    @admin.action(description=_("Shut the selected accounts"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """They can neither sign in nor go on; what they hold stays."""
        chosen = queryset.filter(is_active=True, is_superuser=False).exclude(pk=request.user.pk)
        count = chosen.update(is_active=False)
        said = ngettext("%(count)d account is shut.", "%(count)d accounts are shut.", count)
        self.message_user(request, said % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Open the selected accounts again"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        count = queryset.filter(is_active=False, is_superuser=False).update(is_active=True)
        said = ngettext("%(count)d account is open.", "%(count)d accounts are open.", count)
        self.message_user(request, said % {"count": count}, messages.SUCCESS)
