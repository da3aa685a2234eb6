"""Accounts in the admin."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from lookups.teams.ending import delete_account
from portal.accounts import devices, record, words
from portal.accounts.models import AccountEvent

for model in (Group, User, EmailAddress, EmailConfirmation, Authenticator):
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
        count = self._switch(request, chosen, False)
        said = ngettext("%(count)d account is shut.", "%(count)d accounts are shut.", count)
        self.message_user(request, said % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Open the selected accounts again"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        chosen = queryset.filter(is_active=False, is_superuser=False)
        count = self._switch(request, chosen, True)
        said = ngettext("%(count)d account is open.", "%(count)d accounts are open.", count)
        self.message_user(request, said % {"count": count}, messages.SUCCESS)

    def _switch(self, request: HttpRequest, chosen: QuerySet[User], on: bool) -> int:
        """Also into the record of each account, and into the operator's own."""
        users = list(chosen)
        User.objects.filter(pk__in=[user.pk for user in users]).update(is_active=on)
        for user in users:
            record.write(user, record.OPENED if on else record.SHUT)
            self.log_change(request, user, [{"changed": {"fields": ["is_active"]}}])
        return len(users)


class Read(admin.ModelAdmin):
    """What is written by the site itself, and by nobody else."""

    show_full_result_count = False
    list_per_page = 100

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class KindFilter(admin.SimpleListFilter):
    title = _("what happened")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, words.kind(kind)) for kind in words.KINDS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(AccountEvent)
class AccountEventAdmin(Read):
    """What happened to accounts, for whoever looks into a complaint."""

    list_display = ("at", "account", "what", "about", "times", "on")
    list_filter = (KindFilter, "at")
    list_select_related = ("user",)
    search_fields = ("user__email", "pseudonym")
    date_hierarchy = "at"
    ordering = ("-at", "-pk")
    fields = ("at", "account", "what", "about", "times", "on")

    @admin.display(description=_("account"))
    def account(self, event: AccountEvent) -> str:
        return event.user.email if event.user else event.pseudonym

    @admin.display(description=_("what happened"))
    def what(self, event: AccountEvent) -> str:
        return words.kind(event.kind)

    @admin.display(description=_("details"))
    def about(self, event: AccountEvent) -> str:
        return words.details(event.details)

    @admin.display(description=_("device"))
    def on(self, event: AccountEvent) -> str:
        return devices.words(event.device)


@admin.register(LogEntry)
class LogEntryAdmin(Read):
    """What operators changed in this admin."""

    list_display = ("action_time", "user", "content_type", "object_repr", "change")
    list_filter = ("action_flag", "action_time")
    list_select_related = ("user", "content_type")
    search_fields = ("user__email", "object_repr")
    ordering = ("-action_time", "-pk")
    fields = list_display

    @admin.display(description=_("change"))
    def change(self, entry: LogEntry) -> str:
        return entry.get_change_message()
