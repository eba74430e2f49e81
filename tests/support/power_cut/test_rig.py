"""The rig itself: what the shim records and disturbs, and what the replay leaves after a cut."""

import errno
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.power_cut.disk import Disk, files_of
from tests.support.power_cut.shim import Shim

CUTS = 200

pytestmark = pytest.mark.slow  # needs a C compiler


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """What is recorded."""
    directory = tmp_path / "state"
    directory.mkdir()
    return directory


@pytest.fixture
def shim(directory: Path, tmp_path: Path) -> Shim:
    """The recorder."""
    return Shim(directory, tmp_path)


def run(shim: Shim, directory: Path, program: str) -> str:
    """What a Python program prints that works in `directory` under the shim."""
    program = f"import os\nos.chdir({str(directory)!r})\n{program}"
    return subprocess.run(
        [sys.executable, "-I", "-c", program],
        env=os.environ | shim.environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def after_cuts(disk: Disk) -> set[tuple[tuple[str, bytes], ...]]:
    """All that a power cut now may leave, as far as luck finds it."""
    chance = random.Random(1)
    left = [disk.after_a_cut(chance) for _ in range(CUTS)]
    return {tuple(sorted((str(path), data) for path, data in each.items())) for each in left}


def test_whatever_a_process_does_is_replayed(directory: Path, shim: Shim) -> None:
    """Writes here and there, truncation, renames, links: the replay is the real directory."""
    (directory / "before").write_bytes(b"old" * 1000)
    disk = Disk(directory)
    run(
        shim,
        directory,
        """
with open("before", "r+b") as f: f.write(b"NEW"); f.seek(5000); f.write(b"behind a hole")
fd = os.open("placed", os.O_RDWR | os.O_CREAT); os.pwrite(fd, b"x" * 2000, 100)
os.ftruncate(fd, 700); os.fsync(fd); os.lseek(fd, 0, os.SEEK_END); os.write(fd, b"y" * 9)
with open("log", "ab") as f: f.write(b"one")
with open("log", "ab") as f: f.write(b"two")
os.link("log", "second name"); os.replace("placed", "log"); os.rename("before", "after")
with open("gone", "wb") as f: f.write(b"1")
os.unlink("gone")
fd = os.open("reserve", os.O_WRONLY | os.O_CREAT); os.posix_fallocate(fd, 0, 9000)
with open("after", "wb") as f: f.write(b"cut short")
import sqlite3
d = sqlite3.connect("d"); d.execute("PRAGMA journal_mode = WAL"); d.execute("CREATE TABLE t (x)")
for n in range(300): d.execute("INSERT INTO t VALUES (?)", ("x" * n,)); d.commit()
""",
    )
    for operation in shim.operations():
        disk.do(operation)
    assert disk.now() == files_of(directory)


def test_what_was_synced_is_kept_and_the_rest_may_be_lost_or_torn(
    directory: Path, shim: Shim
) -> None:
    """A synced file under a synced name stays; a later write is old, new, or torn at a sector."""
    disk = Disk(directory)
    run(
        shim,
        directory,
        """
fd = os.open("file", os.O_RDWR | os.O_CREAT); os.write(fd, b"a" * 1024); os.fsync(fd)
os.fsync(os.open(".", os.O_RDONLY)); os.pwrite(fd, b"b" * 1024, 0)
""",
    )
    for operation in shim.operations():
        disk.do(operation)
    a, b = b"a" * 512, b"b" * 512
    assert after_cuts(disk) == {(("file", each),) for each in (a + a, a + b, b + a, b + b)}


def test_a_name_is_safe_only_when_its_directory_was_synced(directory: Path, shim: Shim) -> None:
    """A replaced file is the old or the new one; a file whose name was not synced may be gone."""
    (directory / "file").write_bytes(b"old")
    disk = Disk(directory)
    run(
        shim,
        directory,
        """
fd = os.open("new", os.O_RDWR | os.O_CREAT); os.write(fd, b"new"); os.fsync(fd)
os.replace("new", "file")
""",
    )
    for operation in shim.operations():
        disk.do(operation)
    old = ("file", b"old")
    assert after_cuts(disk) == {(old,), (old, ("new", b"new")), (("file", b"new"),)}


def test_operations_fail_while_told_to(directory: Path, shim: Shim) -> None:
    """The number of errno that was asked for, for the kind that was asked for, until healed."""
    (directory / "file").write_bytes(b"content")
    program = """
def tried(act):
    try: act()
    except OSError as error: return str(error.errno)
    return "-"
fd = os.open("file", os.O_RDONLY)
print(tried(lambda: os.read(fd, 1)), tried(lambda: os.open("file", os.O_RDWR)),
      tried(lambda: os.unlink("no such file")), tried(lambda: os.fsync(fd)))
"""
    shim.fail(open=errno.EROFS, name=errno.EIO)
    assert run(shim, directory, program).split() == ["-", str(errno.EROFS), str(errno.EIO), "-"]
    shim.fail(read=errno.EIO, sync=errno.ENOSPC)
    assert run(shim, directory, program).split() == [
        str(errno.EIO), "-", str(errno.ENOENT), str(errno.ENOSPC),
    ]  # fmt: skip
    shim.heal()
    assert run(shim, directory, program).split() == ["-", "-", str(errno.ENOENT), "-"]
