"""SRV records: where a service of a domain is (RFC 2782)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import rows
from .rows import Problem
from .targets import ROOT, name_problem
from .txt import Part

_OWNER = re.compile(r"_[A-Za-z0-9-]{1,62}\._[A-Za-z0-9-]{1,62}(?:\.|\Z)")


@dataclass(frozen=True, slots=True)
class SRV:
    """Numbers are None where they are none."""

    text: str
    priority: int | None = None
    weight: int | None = None
    port: int | None = None
    target: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def is_absent(self) -> bool:
        """ "The service is decidedly not available here" (RFC 2782, Target)."""
        return self.target == ROOT


def parse(text: str) -> SRV:
    """The record in presentation form. Never raises: what is wrong is in `problems`."""
    problems: list[Problem] = []
    found = rows.fields(text)
    rows.count(found, 4, text, problems)
    numbers = [rows.number(field, 16, problems) for field in found[:3]]
    priority, weight, port = (*numbers, None, None, None)[:3]
    target = found[3] if len(found) > 3 else None
    if target and target.text != ROOT and (wrong := name_problem(target.text, target.column)):
        problems.append(wrong)
    return SRV(text, priority, weight, port, target.text if target else "", tuple(problems))


def is_owner(name: str) -> bool:
    """Whether a record of this name can be found: _service._proto.domain (RFC 2782)."""
    return _OWNER.match(name) is not None


def parts(text: str) -> list[Part]:
    """The parts of the record's text, with what is wrong."""
    record = parse(text)
    target = "srv.target-none" if record.is_absent else "srv.target"
    kinds = ("srv.priority", "srv.weight", "srv.port", target)
    return rows.marked(rows.parts(text, kinds), record.problems)
