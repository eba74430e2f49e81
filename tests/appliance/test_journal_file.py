import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.journal_file import MAX_BYTES, JournalFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the lines go."""
    return tmp_path / "journal.log"


def test_lines_come_back_in_order(tmp_path: Path, path: Path) -> None:
    """The last ones asked for; the file is private."""
    file = JournalFile(tmp_path)
    assert file.tail(10) == []
    file.append(["one", "two"])
    file.append(["drei ü"])
    assert JournalFile(tmp_path).tail(2) == ["two", "drei ü"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_files_are_bounded(tmp_path: Path, path: Path) -> None:
    """At 256 kB a second one is begun; the tail reaches over both, and there is no third."""
    file = JournalFile(tmp_path)
    lines = [f"{number:09}" for number in range(MAX_BYTES * 3 // 10)]
    for start in range(0, len(lines), 1000):
        file.append(lines[start : start + 1000])
    older = tmp_path / "journal.1.log"
    assert sorted(tmp_path.iterdir()) == [older, path]
    assert max(path.stat().st_size, older.stat().st_size) <= MAX_BYTES
    shown = path.stat().st_size // 10 + 5
    assert file.tail(shown) == lines[-shown:]


def test_half_a_line_spoils_no_other(tmp_path: Path, path: Path) -> None:
    """What a power cut left of the last line stays apart from the next."""
    path.write_bytes(b"whole\nha")
    file = JournalFile(tmp_path)
    file.append(["new"])
    assert file.tail(10) == ["whole", "ha", "new"]


def test_a_huge_file_is_read_from_its_end(tmp_path: Path, path: Path) -> None:
    """Whoever made it so large; the line that is cut by that is left out."""
    path.write_bytes(b"x" * MAX_BYTES + b"\nlast\n")
    assert JournalFile(tmp_path).tail(10) == ["last"]


def test_what_is_not_utf8_does_no_harm(tmp_path: Path, path: Path) -> None:
    """It is replaced; judging the lines is for others."""
    path.write_bytes(b"\xff\x00\n\ngood\n")
    assert JournalFile(tmp_path).tail(10) == ["\N{REPLACEMENT CHARACTER}\x00", "good"]


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process can grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_where_there_is_no_room_for_all_nothing_is_added(tmp_path: Path, path: Path) -> None:
    """So that the same lines can be given again without being there twice."""
    file = JournalFile(tmp_path)
    file.append(["one"])
    with room_for(8), pytest.raises(OSError, match="File too large"):
        file.append(["two", "three"])
    assert path.read_bytes() == b"one\n"
