"""MX records: which hosts take a domain's mail (RFC 1035 §3.3.9, RFC 5321 §5.1, RFC 7505)."""

from __future__ import annotations

from dataclasses import dataclass

from . import rows
from .rows import Problem
from .targets import ROOT, name_problem
from .txt import Part


@dataclass(frozen=True, slots=True)
class MX:
    """`preference` is None where it is no number; `exchange_column` counts from 1."""

    text: str
    preference: int | None = None
    exchange: str = ""
    exchange_column: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def is_null(self) -> bool:
        """ "No mail here" (RFC 7505 §3)."""
        return self.exchange == ROOT


def parse(text: str) -> MX:
    """The record in presentation form. Never raises: what is wrong is in `problems`."""
    problems: list[Problem] = []
    found = rows.fields(text)
    if len(found) == 1 and not found[0].text.isdigit():
        # A form with a field of its own for the preference.
        problems.append(Problem("mx-preference", found[0].column, found[0].text[: rows.MAX_SHOWN]))
        return _with_exchange(text, None, found[0], problems)
    rows.count(found, 2, text, problems)
    preference = rows.number(found[0], 16, problems) if found else None
    if len(found) < 2:
        return MX(text, preference, problems=tuple(problems))
    return _with_exchange(text, preference, found[1], problems)


def parts(text: str) -> list[Part]:
    """The parts of the record's text, with what is wrong."""
    record = parse(text)
    exchange = "mx.exchange-null" if record.is_null else "mx.exchange"
    alone = record.exchange and record.exchange_column == len(text) - len(text.lstrip()) + 1
    kinds = (exchange,) if alone else ("mx.preference", exchange)
    return rows.marked(rows.parts(text, kinds), record.problems)


def _with_exchange(
    text: str, preference: int | None, field: rows.Field, problems: list[Problem]
) -> MX:
    wrong = None if field.text == ROOT else name_problem(field.text, field.column)
    found = (*problems, wrong) if wrong else tuple(problems)
    return MX(text, preference, field.text, field.column, found)
