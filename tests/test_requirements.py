"""What is installed: every file by its hash, and everything that any supported system needs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
NAMES = ("requirements", "requirements-dev")
# pip-tools wants these, whatever their version; the lock file names one.
OF_LOCKS_ONLY = {"pip", "setuptools"}


def pins(name: str) -> dict[str, str]:
    """Version by package, as a list of requirements names it."""
    found = {}
    for line in (ROOT / f"{name}.txt").read_text().splitlines():
        text = line.split("#")[0].strip()
        if text.startswith("-r "):
            found |= pins(text[3:].strip().removesuffix(".txt"))
        elif text:
            requirement = Requirement(text)
            [version] = [each.version for each in requirement.specifier]
            found[canonicalize_name(requirement.name)] = version
    return found


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes by package, as a lock file has them."""
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / f"{name}.lock").read_text(), flags=re.I)
    found = {}
    for entry in entries:
        if head := re.match(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^ ;\n]+)", entry):
            hashes = len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry))
            found[canonicalize_name(head[1])] = head[2], hashes
    return found


@pytest.mark.parametrize("name", NAMES)
def test_lock_files_agree_with_the_lists(name):
    """If this fails: run bin/lock."""
    lock = locked(name)
    versions = {package: version for package, (version, _) in lock.items()}
    for package in OF_LOCKS_ONLY:
        versions.pop(package, None)
    assert versions == pins(name)
    assert all(hashes for _, hashes in lock.values())


@pytest.mark.parametrize("name", NAMES)
def test_lock_files_name_no_place(name):
    """Where files come from is for whoever installs them to choose; what is in them is not."""
    text = (ROOT / f"{name}.lock").read_text()
    assert "://" not in text and "--index" not in text and "--find-links" not in text


@pytest.mark.parametrize("version", ["3.11.0", "3.11.9", "3.12.0", "3.13.0", "3.14.0"])
@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_nothing_is_missing_anywhere(version, platform):
    """With hashes pip installs nothing that is not listed: also what only an older Python needs."""
    of_system = {"linux": "Linux", "darwin": "Darwin"}[platform]
    environment = default_environment() | {
        "python_full_version": version,
        "python_version": ".".join(version.split(".")[:2]),
        "sys_platform": platform,
        "platform_system": of_system,
    }
    for name in NAMES:
        known = pins(name).keys() | OF_LOCKS_ONLY
        for package in pins(name):
            try:
                wanted = importlib.metadata.requires(package) or []
            except importlib.metadata.PackageNotFoundError:
                continue  # for other versions of Python than this one
            for requirement in map(Requirement, wanted):
                applies = requirement.marker is None or requirement.marker.evaluate(
                    environment | {"extra": ""}
                )
                if applies:
                    assert canonicalize_name(requirement.name) in known, (package, requirement)


# --- bin/_audit.py --------------------------------------------------------------------------------
@pytest.fixture
def audit():
    spec = importlib.util.spec_from_file_location("audit", ROOT / "bin" / "_audit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def saying(**answers):
    """Plays the programs that are asked: by name, what they print."""
    return lambda command: answers["npm" if command[0] == "npm" else "pip_audit"]


CLEAN = {"dependencies": [{"name": "amqp", "version": "5", "vulns": []}]}
HOLE = {"id": "GHSA-x", "fix_versions": ["6"], "aliases": []}


def test_a_known_vulnerability_fails(audit, monkeypatch, capsys):
    found = {"dependencies": [{"name": "amqp", "version": "5", "vulns": [HOLE]}]}
    monkeypatch.setattr(audit, "_run", saying(pip_audit=found, npm={"vulnerabilities": {}}))
    assert audit.main() == 1 and "amqp 5: GHSA-x, mended in 6" in capsys.readouterr().err
    node = {"vulnerabilities": {"axe-core": {"severity": "high"}}}
    monkeypatch.setattr(audit, "_run", saying(pip_audit=CLEAN, npm=node))
    assert audit.main() == 1 and "axe-core: high" in capsys.readouterr().err


def test_no_vulnerability_and_no_data_pass(audit, monkeypatch, capsys):
    monkeypatch.setattr(audit, "_run", saying(pip_audit=CLEAN, npm={"vulnerabilities": {}}))
    assert audit.main() == 0 and capsys.readouterr().err == ""
    skipped = {"dependencies": [{"name": "amqp", "skip_reason": "not found"}]}
    for nothing in ({}, skipped):
        monkeypatch.setattr(audit, "_run", saying(pip_audit=nothing, npm={"message": "405"}))
        assert audit.main() == 0
        said = capsys.readouterr().err
        assert "Python's packages cannot be had" in said and "Node's packages cannot" in said


def test_programs_that_say_nonsense_or_are_missing(audit):
    assert audit._run(["echo", "nonsense"]) == audit._run(["no-such-program"]) == {}
    assert audit._run(["echo", "[1]"]) == {} and audit._run(["echo", '{"a": 1}']) == {"a": 1}
