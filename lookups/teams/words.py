"""What roles are called, and what they mean."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from lookups.teams.models import Membership

Role = Membership.Role
ROLES = {Role.VIEWER: _("Viewer"), Role.EDITOR: _("Editor"), Role.OWNER: _("Owner")}
MEANINGS = {
    Role.VIEWER: _("sees the team’s domains and their reports"),
    Role.EDITOR: _("also adds, checks, changes and removes domains"),
    Role.OWNER: _("also invites people, changes roles, and can delete the team"),
}
