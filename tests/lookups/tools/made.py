"""What every generator promises: its records are read back without a mistake."""

from __future__ import annotations

from typing import Any

from lookups.engine.anatomy import read
from lookups.tools.generate.made import Made


def assert_sound(made: Any, wanted: frozenset[str] = frozenset()) -> None:
    """No mark but hints and findings that only inform; each string fits; the line reads back.

    `wanted`: findings about what was asked for, such as a key that is being tested.
    """
    assert isinstance(made, Made)
    assert made.records
    for view in made.views:
        record = view.record
        assert all(len(text.encode()) <= 255 for text in record.strings)
        assert "".join(record.strings) == (record.value if record.type == "TXT" else "")
        [found] = read(record.zone_line, view.kind)
        assert found.record.value == record.value
        assert view.anatomy is not None
        wrong = [m for m in view.anatomy.marks if m.severity in ("warning", "error")]
        assert [mark for mark in wrong if mark.finding not in wanted] == []
