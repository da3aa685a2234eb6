"""Asks whether anything that is installed has known vulnerabilities (bin/test, or by hand).

Of Python's packages pip-audit knows it, of Node's npm. One that is known fails. Where their data is
not to be had, as on a machine without the network, that is said and nothing fails.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements-dev.lock"  # holds what the site needs as well
SECONDS = 300


def main() -> int:
    known = [*of_python(), *of_node()]
    for line in known:
        print(f"vulnerable: {line}", file=sys.stderr)
    return 1 if known else 0


def of_python() -> list[str]:
    # One package first: asking for all of them in vain takes long.
    if not any(map(is_audited, _pip_audit(_first_entry(LOCK.read_text())))):
        print("Not audited: the data about Python's packages cannot be had here.", file=sys.stderr)
        return []
    found = _pip_audit(LOCK.read_text())
    if skipped := [each["name"] for each in found if not is_audited(each)]:
        print(f"Not audited: {', '.join(skipped)}.", file=sys.stderr)
    return vulnerable(found)


def is_audited(package: dict[str, Any]) -> bool:
    return "skip_reason" not in package


def vulnerable(found: list[dict[str, Any]]) -> list[str]:
    return [
        f"{package['name']} {package['version']}: {known['id']}, "
        f"mended in {', '.join(known['fix_versions']) or 'no version yet'}"
        for package in found
        for known in package.get("vulns", ())
    ]


def _first_entry(lock: str) -> str:
    """The first package with its hashes."""
    lines = [line for line in lock.splitlines() if line and not line.startswith("#")]
    end = next((n for n, line in enumerate(lines) if n and not line.startswith(" ")), len(lines))
    return "\n".join(lines[:end]) + "\n"


def _pip_audit(lock: str) -> list[dict[str, Any]]:
    """What pip-audit says of each package; nothing where it cannot be had."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(lock)
        file.flush()
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "-f", "json"]
        said = _run([*command, "--progress-spinner", "off", "-r", file.name])
    dependencies: list[dict[str, Any]] = said.get("dependencies", [])
    return dependencies


def of_node() -> list[str]:
    said = _run(["npm", "audit", "--prefix", str(ROOT / "tests"), "--json"])
    if "vulnerabilities" not in said:
        print("Not audited: the data about Node's packages cannot be had here.", file=sys.stderr)
        return []
    return [f"{name}: {entry['severity']}" for name, entry in said["vulnerabilities"].items()]


def _run(command: list[str]) -> dict[str, Any]:
    """The JSON that a program prints; empty where it does not come to that."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        made = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return {}
    return made if isinstance(made, dict) else {}


if __name__ == "__main__":
    sys.exit(main())
