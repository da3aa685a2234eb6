"""The file of a backup: a tar with the manifest first, then the parts that it lists."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal.backups import Failed

SCHEMA = 1
MANIFEST, DATABASE, KEY = "manifest.json", "database", "secret-key"
MAX_MANIFEST = 1_000_000
CHUNK = 1 << 20
COMPRESSION = 3  # most of the time of a backup; higher levels gain a few per cent


@dataclass
class Manifest:
    """What a backup says of itself. `parts`: SHA-256 by name; `migrations`: "app.name"."""

    engine: str
    migrations: list[str]
    parts: dict[str, str] = field(default_factory=dict)
    made: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    schema: int = SCHEMA

    @property
    def key_is_here(self) -> bool:
        return KEY in self.parts


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A folder next to `target` for what is not finished yet; nothing of it stays.

    Next to it, since only within one file system a file is moved into its place at once.
    """
    try:
        folder = tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise Failed(f"cannot write into {target.parent}: {error.strerror}.") from error
    with folder as path:  # mkdtemp: for its owner alone
        yield Path(path)


def write(target: Path, folder: Path, manifest: Manifest, parts: dict[str, Path]) -> None:
    """Packs `parts` into `target`, which is either whole or not there at all."""
    manifest.parts = {name: _digest(path) for name, path in parts.items()}
    unfinished = folder / "archive"
    with open(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=COMPRESSION) as tar:
            _add(tar, MANIFEST, json.dumps(asdict(manifest), indent=1).encode())
            for name, path in parts.items():
                with path.open("rb") as part:
                    tar.addfile(_entry(name, path.stat().st_size), part)
        file.flush()
        os.fsync(file.fileno())
    _read(unfinished, folder / "reread")  # what cannot be read again is no backup
    os.replace(unfinished, target)
    _sync_folder(target.parent)


def read(source: Path, folder: Path) -> tuple[Manifest, dict[str, Path]]:
    """Unpacks `source` into `folder`. Raises Failed where it is damaged or no backup."""
    try:
        return _read(source, folder)
    except (tarfile.TarError, EOFError, OSError, ValueError, TypeError, KeyError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise Failed(f"cannot read {source}: {error.strerror}.") from error
        raise Failed(f"{source} is no backup of MXplain, or damaged ({error}).") from error


def _read(source: Path, folder: Path) -> tuple[Manifest, dict[str, Path]]:
    folder.mkdir(exist_ok=True)
    with tarfile.open(source, mode="r:gz") as tar:
        manifest = _manifest(tar)
        parts = {name: _unpack(tar, name, folder) for name in manifest.parts}
    for name, path in parts.items():
        if _digest(path) != manifest.parts[name]:
            raise ValueError(f"{name} is not what was written")
    return manifest, parts


def _manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or first.size > MAX_MANIFEST:
        raise ValueError("it has no manifest")
    file = tar.extractfile(first)
    assert file is not None
    said: dict[str, Any] = json.loads(file.read())
    if not isinstance(said, dict) or said.get("schema") != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    manifest = Manifest(**said)
    if DATABASE not in manifest.parts or not set(manifest.parts) <= {DATABASE, KEY}:
        raise ValueError("its parts are not those of a backup")
    return manifest


def _unpack(tar: tarfile.TarFile, name: str, folder: Path) -> Path:
    """By names that are known; no path in the archive is followed."""
    file = tar.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is no file")
    path = folder / name
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        while chunk := file.read(CHUNK):
            copy.write(chunk)
    return path


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    tar.addfile(_entry(name, len(data)), io.BytesIO(data))


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, stat.S_IRUSR | stat.S_IWUSR
    entry.mtime = int(datetime.now(UTC).timestamp())
    return entry


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
