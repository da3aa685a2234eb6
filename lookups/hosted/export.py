"""What is hosted for a person's own domains, for the file that they take away."""

from __future__ import annotations

from typing import Any

from lookups.models import HostedPolicy, HostedSpf, ReportBox


def exported(owner: Any) -> dict[str, Any]:
    """Reports themselves are in tools.reports.kept. A team's are the team's."""

    def rows(model: Any, *names: str) -> list[dict[str, Any]]:
        mine = model.objects.filter(watch__owner=owner).order_by("id")
        return [
            {"domain": row.pop("watch__domain"), **row}
            for row in mine.values("watch__domain", *names)
        ]

    return {
        "hosted": {
            "report_mailboxes": rows(ReportBox, "token", "created", "received_at"),
            "policies": rows(HostedPolicy, "mode", "mx", "max_age", "policy_id", "changed"),
            "spf": rows(HostedSpf, "label", "source", "records", "networks", "refreshed"),
        }
    }
