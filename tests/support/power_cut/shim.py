"""The recorder that a process is started under: built from shim.c, its log read back.

`Shim` gives the environment for the process, makes its file operations fail on request, and tells
what the process did to its directory, in order, each operation with its time and its data.
"""

import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

SOURCE = Path(__file__).with_name("shim.c")

_ENTRY = struct.Struct("<cQQQIII")  # struct entry of shim.c

Kind = Literal["create", "write", "truncate", "sync", "rename", "link", "unlink"]
Fault = Literal["open", "read", "write", "truncate", "sync", "name"]

_KINDS: dict[bytes, Kind] = {
    b"c": "create",
    b"w": "write",
    b"t": "truncate",
    b"s": "sync",
    b"r": "rename",
    b"l": "link",
    b"u": "unlink",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing done; `at` is the monotonic clock in seconds when it was done.

    `offset` is a write's place, or the size a file is truncated to; `target` the second name of a
    rename or link.
    """

    kind: Kind
    at: float
    inode: int
    offset: int
    path: Path
    target: Path
    data: bytes


class Shim:
    """Records (and disturbs) what processes do below `directory`; its own files are in `workshop`.

    `directory` is there before the process starts, with what it holds by then. Several processes
    may follow each other.
    """

    def __init__(self, directory: Path, workshop: Path) -> None:
        self._directory = directory.resolve()
        self._workshop = workshop
        self._log = workshop / "shim.log"
        self._faults = workshop / "shim.faults"

    @property
    def environment(self) -> dict[str, str]:
        """What the process finds in its environment besides the usual."""
        return {
            "LD_PRELOAD": str(_library(self._workshop)),
            "SHIM_DIRECTORY": str(self._directory),
            "SHIM_LOG": str(self._log),
            "SHIM_FAULTS": str(self._faults),
        }

    def fail(self, **errors: int) -> None:
        """From now on operations of these kinds (see `Fault`) fail with these numbers of errno."""
        unknown = errors.keys() - set(Fault.__args__)  # type: ignore[attr-defined]
        assert not unknown, f"no such fault: {unknown}"
        fresh = self._faults.with_suffix(".new")
        fresh.write_text(" ".join(f"{kind}={number}" for kind, number in errors.items()))
        fresh.replace(self._faults)

    def heal(self) -> None:
        """From now on nothing fails."""
        self._faults.unlink(missing_ok=True)

    def operations(self) -> Iterator[Operation]:
        """What was done so far, in order; what a kill left unfinished at the end is left out."""
        log = self._log.read_bytes()
        start = 0
        while start + _ENTRY.size <= len(log):
            kind, at, inode, offset, *sizes = _ENTRY.unpack_from(log, start)
            start += _ENTRY.size
            parts = []
            for size in sizes:
                parts.append(log[start : start + size])
                start += size
            if start > len(log):
                return
            path, target, data = parts
            yield Operation(_KINDS[kind], at / 1e9, inode, offset, _path(path), _path(target), data)


def _path(text: bytes) -> Path:
    return Path(text.decode(errors="surrogateescape"))


def _library(workshop: Path) -> Path:
    library = workshop / "shim.so"
    if not library.exists():
        if shutil.which("gcc") is None:
            pytest.fail("gcc is not installed: apt-get install gcc libc6-dev", pytrace=False)
        options = ("-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-pthread")
        subprocess.run(["gcc", *options, "-o", library, SOURCE], check=True)
    return library
