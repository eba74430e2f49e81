import errno
import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.forwarding.cache_pages import LeafPages, Row

PAGE_BYTES = 1024
VALUES = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.none() | st.sampled_from([0, 1, -1, 127, 128, -32768, 2**23, 2**31, 2**47 - 1]),
    st.binary(max_size=1100),
    st.text(max_size=40),
)


def read(path: Path, columns: int, first_id: int = -(2**63)) -> list[Row]:
    """Every row that the file's pages hold."""
    pages = LeafPages(path, PAGE_BYTES, columns, first_id)
    while not pages.look():
        pass
    rows = pages.rows(-(2**63), 2**63 - 1, 1_000_000)
    pages.close()
    return rows


@given(st.dictionaries(st.integers(-(2**63) + 1, 2**63 - 1), VALUES, max_size=40))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_are_read_as_sqlite_reads_them(
    tmp_path: Path, rows: dict[int, tuple[object, ...]]
) -> None:
    """Numbers of every size, long rows that go on elsewhere, text: all as SQLite has them."""
    path = tmp_path / "file"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c, d, e)")
        database.executemany(
            "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", [(one, *row) for one, row in rows.items()]
        )
        expected = database.execute("SELECT * FROM t ORDER BY id").fetchall()
    assert read(path, 6) == expected
    assert read(path, 5) == []


@pytest.mark.parametrize("size", [0, 100, PAGE_BYTES, 20 * PAGE_BYTES])
def test_noise_gives_no_rows_and_no_error(tmp_path: Path, size: int) -> None:
    """Also where it begins as a page does."""
    path = tmp_path / "file"
    noise = bytearray((n * 7919 >> 3) & 0xFF for n in range(size))
    noise[::PAGE_BYTES] = b"\x0d" * len(noise[::PAGE_BYTES])
    path.write_bytes(noise)
    assert read(path, 8) == []


def make(directory: Path) -> Path:
    """A file of 500 rows with the ids from 0 on, some ten on each page."""
    path = directory / "file"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a)")
        database.executemany("INSERT INTO t VALUES (?, ?)", [(n, "x" * 90) for n in range(500)])
    return path


def test_reading_goes_on_behind_an_id(tmp_path: Path) -> None:
    """In groups, up to another id, and from the first that counts."""
    path = make(tmp_path)
    pages = LeafPages(path, PAGE_BYTES, 2, 20)
    while not pages.look():
        pass
    seen: list[object] = []
    while rows := pages.rows(int(str(seen[-1])) if seen else 0, 400, 50):
        seen += [row[0] for row in rows]
    pages.close()
    assert seen == list(range(20, 401))


class OnBadBlock(io.FileIO):
    """A file with a page that the disk cannot read."""

    def read(self, size: int | None = -1, /) -> bytes:
        """What is there, or an error."""
        if self.tell() == 20 * PAGE_BYTES:
            raise OSError(errno.EIO, "Input/output error")
        return super().read(size)


def test_a_bad_block_costs_the_rows_that_are_on_it(tmp_path: Path) -> None:
    """And no others, before it or behind."""
    path = make(tmp_path)
    pages = LeafPages(path, PAGE_BYTES, 2, 0)
    lost = dict(pages._rows_on(pages._read(20)))
    pages._file.close()
    pages._file = OnBadBlock(path)
    while not pages.look():
        pass
    rows = pages.rows(-1, 499, 500)
    pages.close()
    assert lost
    assert [row[0] for row in rows] == [n for n in range(500) if n not in lost]
