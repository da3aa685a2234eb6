"""The picture of the DNS tree walk (RFC 9989 §4.10): a ladder. The domain stands at its foot; each
rung above is the next name that is asked for a DMARC record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lookups.drawings.text import shortened

WIDTH = 360
BOX_X, BOX_WIDTH, BOX_HEIGHT = 2, 356, 50
GAP = 30  # between two rungs, for the arrow
MAX_RUNGS = 8
LABEL_CELLS = 43  # columns of 7.2 units beside the mark

# What a state of the walk looks like: a good, bad, open or empty mark.
MARKS = {"record": "good", "multiple": "bad", "ignored": "none", "none": "none", "failed": "warn"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One name that was asked. `holds`: its record is the one in force; `organization`: it is the
    organizational domain. `step` is the step of the records that it draws."""

    y: int
    label: str
    mark: str
    holds: bool
    organization: bool
    step: Mapping[str, Any]

    @property
    def middle(self) -> int:
        return self.y + BOX_HEIGHT // 2

    @property
    def arrow(self) -> str:
        """SVG path from this rung up to the next."""
        top, centre = self.y, WIDTH // 2
        return f"M{centre} {top - 4}V{top - GAP + 6}m-5 6 5-6 5 6"


@dataclass(frozen=True, slots=True)
class Ladder:
    """From the domain up: the first rung is the lowest. `skipped` names were left out above it."""

    width: int
    height: int
    rungs: tuple[Rung, ...]
    skipped: int
    skipped_y: int


def ladder(records: Mapping[str, Any]) -> Ladder | None:
    """The walk in the records of topic dmarc (docs/contracts.md); None where there is none."""
    steps = list(records.get("walk") or ())[:MAX_RUNGS]
    if not steps:
        return None
    height = len(steps) * (BOX_HEIGHT + GAP) - GAP + 4
    rungs = tuple(
        Rung(
            y=height - 2 - BOX_HEIGHT - index * (BOX_HEIGHT + GAP),
            label=shortened(str(step.get("question", "")), LABEL_CELLS),
            mark=MARKS.get(step.get("state", ""), "beyond"),
            holds=step.get("name") == records.get("record_domain"),
            organization=step.get("name") == records.get("organizational_domain"),
            step=step,
        )
        for index, step in enumerate(steps)
    )
    skipped = int(records.get("skipped") or 0)
    return Ladder(WIDTH, height, rungs, skipped, rungs[0].y - 10)
