"""Owns replacing a small private file so that a crash or a power cut leaves the old or the new."""

import os
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """Put the data in the file's place, mode 0600, flushed to the medium; blocking.

    Raises OSError, and then the file is what it was before and nothing is left beside it.
    """
    new, old = path.with_name(f"{path.name}.new"), path.with_name(f"{path.name}.old")
    try:
        # What an earlier crash may have left behind.
        new.unlink(missing_ok=True)
        old.unlink(missing_ok=True)
        _write(new, data)
        with suppress(FileNotFoundError):
            os.link(path, old)
        _swap(path, new, old)
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)
            old.unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    # Private from its first byte on: a chmod afterwards would leave a moment to read a key in.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _swap(path: Path, new: Path, old: Path) -> None:
    """Rename the new file over the old one, and back where that cannot be made durable."""
    new.replace(path)
    try:
        flush_directory(path.parent)
    except OSError:
        if old.exists():
            old.replace(path)
        else:
            path.unlink()
        raise


def flush_directory(directory: Path) -> None:
    """Flush the folder's own entries: without it a rename may not survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
