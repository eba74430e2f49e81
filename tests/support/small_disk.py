"""A small file system of its own, to fill up and to set read-only; only root may mount one."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

CHUNK = bytes(65_536)


class SmallDisk:
    """A mounted tmpfs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        """Somebody else takes all the room there is."""
        with contextlib.suppress(OSError), self._ballast.open("ab", buffering=0) as ballast:
            while True:
                ballast.write(CHUNK)

    def clear(self) -> None:
        """And gives it back."""
        self._ballast.unlink()

    def remount(self, mode: str) -> None:
        """Mode "ro" or "rw"; "ro" only while nobody has a file open for writing."""
        subprocess.run(["mount", "-o", f"remount,{mode}", self.path], check=True)

    @property
    def free(self) -> int:
        """Bytes."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize


@contextlib.contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mounted at `path`, which is made; the test is skipped where that takes root."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system takes root")
    path.mkdir()
    options = f"size={megabytes}m,mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)
