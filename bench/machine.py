"""What the figures of a benchmark were taken on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> str:
    """One line: processor, cores, memory, load, Python."""
    words = dict(
        line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line
    )
    named = {key.strip(): text.strip() for key, text in words.items()}
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{named.get('model name', platform.machine())}, {os.cpu_count()} cores, "
        f"{pages:.0f} GB, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    )
