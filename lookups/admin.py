"""Reports, watched domains, teams and blocked domains in the admin."""

from __future__ import annotations

import json
from typing import Any

import kombu.exceptions
import redis
from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from lookups import tasks
from lookups.engine.names import DomainError, parse_domain
from lookups.forms import explain
from lookups.models import BlockedDomain, Invitation, Membership, Report, Team, Watch
from lookups.teams import ending

MAX_JSON = 300_000  # characters that a page shows of one value


def pretty(value: Any) -> SafeString:
    """A value as JSON that can be read."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    if len(text) > MAX_JSON:
        text = text[:MAX_JSON] + "\n…"
    return format_html("<pre>{}</pre>", text)


class Looked(admin.ModelAdmin):
    """Rows that are looked at and deleted, never written by hand."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_write_permission(self, request: HttpRequest) -> bool:
        """Whether one may do with the rows what actions do."""
        name = f"{self.opts.app_label}.change_{self.opts.model_name}"
        return bool(request.user.has_perm(name))


@admin.register(Report)
class ReportAdmin(Looked):
    """Names and notes are private to those who wrote them, so they are not shown here."""

    list_display = ("domain", "state", "failure", "status", "asked", "age", "owner_email")
    list_filter = ("state", "status", "failure", "language", "created", "visibility")
    search_fields = ("domain", "token", "owner__email")
    ordering = ("-created", "-id")
    date_hierarchy = "created"
    actions = ("make_again",)
    fields = (
        "domain", "selectors", "token", "language", "state", "failure", "status", "score",
        "attempts", "asked", "created", "started", "finished", "owner", "watch", "visibility",
        "link_ends", "saved_at", "revoked_at", "deleted_at", "findings", "questions",
    )  # fmt: skip
    readonly_fields = ("findings", "questions")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        found = super().get_queryset(request).select_related("owner", "watch")
        listed = request.resolver_match and request.resolver_match.url_name.endswith("changelist")
        return found.defer("sections", "queries", "note") if listed else found

    @admin.display(description=gettext_lazy("age"), ordering="created")
    def age(self, report: Report) -> str:
        return timesince(report.created, depth=1)

    @admin.display(description=gettext_lazy("account"), ordering="owner__email")
    def owner_email(self, report: Report) -> str:
        return report.owner.email if report.owner else "–"

    @admin.display(description=gettext_lazy("sections"))
    def findings(self, report: Report) -> SafeString:
        return pretty(report.sections)

    @admin.display(description=gettext_lazy("questions asked of DNS"))
    def questions(self, report: Report) -> SafeString:
        return pretty(report.queries)

    @admin.action(
        description=gettext_lazy("Make again what failed or hangs"), permissions=["write"]
    )
    def make_again(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        """A finished report stays as it is: somebody may have saved or shared it."""
        chosen = list(
            queryset.exclude(state=Report.State.DONE)
            .select_related(None)
            .only("id", "state", "attempts")
        )
        try:
            made = sum(tasks.make_again(report) for report in chosen)
        except (kombu.exceptions.OperationalError, redis.RedisError):
            text = _("The queue of checks is out of reach. Try again soon.")
            self.message_user(request, text, messages.ERROR)
            return
        left = queryset.count() - made
        said = ngettext(
            "%(count)d report is made again.", "%(count)d reports are made again.", made
        )
        if left:
            said += " " + ngettext(
                "%(left)d is finished or in the making and stays as it is.",
                "%(left)d are finished or in the making and stay as they are.",
                left,
            )
        self.message_user(request, said % {"count": made, "left": left}, messages.SUCCESS)


@admin.register(Watch)
class WatchAdmin(Looked):
    list_display = (
        "domain",
        "holder",
        "interval",
        "next_run",
        "verified_at",
        "created",
        "ended_at",
    )
    list_filter = ("interval", "created", ("verified_at", admin.EmptyFieldListFilter))
    search_fields = ("domain", "token", "owner__email", "team__name")
    ordering = ("-created", "-id")
    actions = ("switch_off",)
    exclude = ("name", "proof")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Watch]:
        """With those that somebody stopped watching."""
        return Watch.everything.select_related("owner", "team")

    def delete_model(self, request: HttpRequest, obj: Watch) -> None:
        ending.delete_watches(Watch.everything.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Watch]) -> None:
        ending.delete_watches(queryset)

    @admin.display(description=gettext_lazy("held by"))
    def holder(self, watch: Watch) -> str:
        return str(watch.team or (watch.owner and watch.owner.email) or "–")

    @admin.action(description=gettext_lazy("Stop the clock’s checks"), permissions=["write"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Watch]) -> None:
        count = queryset.update(interval=Watch.Interval.OFF, next_run=None)
        said = ngettext(
            "%(count)d domain is no longer checked by the clock.",
            "%(count)d domains are no longer checked by the clock.",
            count,
        )
        self.message_user(request, said % {"count": count}, messages.SUCCESS)


class Listed(admin.TabularInline):
    """Rows of a team, to look at."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MembershipInline(Listed):
    model = Membership
    fields = ("member", "role", "since")
    readonly_fields = ("member",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user")

    @admin.display(description=gettext_lazy("account"))
    def member(self, membership: Membership) -> str:
        return membership.user.email


class InvitationInline(Listed):
    model = Invitation
    fields = ("email", "role", "created", "ended_at")


@admin.register(Team)
class TeamAdmin(Looked):
    list_display = ("name", "people", "domains", "created")
    list_filter = ("created",)
    search_fields = ("name", "token", "memberships__user__email")
    ordering = ("-created", "-id")
    inlines = (MembershipInline, InvitationInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        found = super().get_queryset(request)
        return found.annotate(
            n_people=Count("memberships", distinct=True), n_domains=Count("watchs", distinct=True)
        )

    def delete_model(self, request: HttpRequest, obj: Team) -> None:
        ending.delete_team(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Team]) -> None:
        for team in queryset:
            ending.delete_team(team)

    @admin.display(description=gettext_lazy("people"), ordering="n_people")
    def people(self, team: Any) -> int:
        return int(team.n_people)

    @admin.display(description=gettext_lazy("domains"), ordering="n_domains")
    def domains(self, team: Any) -> int:
        return int(team.n_domains)


class BlockedDomainForm(forms.ModelForm):
    def clean_domain(self) -> str:
        """Whatever form a visitor could type it in, kept in A-labels."""
        try:
            return parse_domain(self.cleaned_data["domain"]).ascii
        except DomainError as error:
            raise forms.ValidationError(explain(error)) from None


@admin.register(BlockedDomain)
class BlockedDomainAdmin(admin.ModelAdmin):
    form = BlockedDomainForm
    list_display = ("domain", "reason", "created", "created_by")
    search_fields = ("domain", "reason", "note")
    fields = ("domain", "reason", "note", "created", "created_by")
    readonly_fields = ("created", "created_by")
    list_select_related = ("created_by",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)
