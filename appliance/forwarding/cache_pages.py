"""Rows straight from the pages of a damaged cache file, where the tree above them cannot be read.

Every page of a table's lowest level holds whole rows, each with its id: without the tree they only
have to be found and put in order. Pages that are free still hold what was deleted from them, so
nothing is taken from before the oldest frame that there was. The layout is that of SQLite's
"Database File Format", sections 1.6, 2.1 and 2.3; what does not follow it is passed over.
"""

import os
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_LEAF = 0x0D  # the first byte of a page of a table's lowest level
_PAGES_AT_ONCE = 4000  # looked at: some 10 ms
_LEAST_CELL_BYTES = 6  # with the two that point to it
_LARGEST_ROW = 2048  # bytes: a frame has 1,024 at most
_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)  # by serial type
_REAL, _ZERO, _ONE, _BLOB = 7, 8, 9, 12  # further serial types

Row = tuple[object, ...]


class LeafPages:
    """The rows of `columns` columns in the file at `path`, whose pages have `page_bytes`.

    Those with an id below `first_id` are passed over. `look` comes first, until it is True.
    Raises OSError where the file cannot be opened; a block that cannot be read is passed over.
    """

    def __init__(self, path: Path, page_bytes: int, columns: int, first_id: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._count = self._file.seek(0, os.SEEK_END) // page_bytes
        self._page_bytes = page_bytes
        self._columns = columns
        self._first_id = first_id
        self._next = 0
        self._pages = array("q")  # those with such rows on them
        self._firsts = array("q")  # the id of the first row on each

    def look(self) -> bool:
        """Looks for rows on some more pages; True once all were looked at."""
        for page in range(self._next, self._next + _PAGES_AT_ONCE):
            if page >= self._count:
                order = sorted(range(len(self._firsts)), key=self._firsts.__getitem__)
                self._pages = array("q", (self._pages[each] for each in order))
                self._firsts = array("q", (self._firsts[each] for each in order))
                return True
            for first, _ in self._rows_on(self._read(page)):
                self._pages.append(page)
                self._firsts.append(first)
                break
        self._next += _PAGES_AT_ONCE
        return False

    def rows(self, after: int, to: int, limit: int) -> list[Row]:
        """The rows behind the id `after`, up to `to`, in order: `limit` or a few more, or all."""
        found: list[Row] = []
        last = max(after, self._first_id - 1)
        for place in range(max(0, bisect_right(self._firsts, last) - 1), len(self._pages)):
            if self._firsts[place] > to or len(found) >= limit:
                break
            for row_id, row in self._rows_on(self._read(self._pages[place])):
                if last < row_id <= to:
                    found.append(row)
                    last = row_id
        return found

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _read(self, page: int) -> bytes:
        try:
            self._file.seek(page * self._page_bytes)
            return self._file.read(self._page_bytes)
        except OSError:  # a bad block: what is on it is lost
            return b""

    def _rows_on(self, data: bytes) -> Iterator[tuple[int, Row]]:
        if len(data) < self._page_bytes or data[0] != _LEAF:
            return
        cells = min(int.from_bytes(data[3:5]), self._page_bytes // _LEAST_CELL_BYTES)
        for cell in range(8, 8 + 2 * cells, 2):
            with suppress(IndexError, ValueError):
                row_id, payload = self._cell(data, int.from_bytes(data[cell : cell + 2]))
                values = _record(payload)
                if len(values) == self._columns:
                    yield row_id, (row_id, *values[1:])  # an id is not stored in its row

    def _cell(self, data: bytes, place: int) -> tuple[int, bytes]:
        """The row id and the record of one cell; what does not fit follows on other pages."""
        size, place = _varint(data, place)
        row_id, place = _varint(data, place)
        room, least = self._page_bytes - 35, (self._page_bytes - 12) * 32 // 255 - 23
        if size <= room:
            return row_id, data[place : place + size]
        if size > _LARGEST_ROW:
            raise ValueError("no row of ours")
        here = least + (size - least) % (self._page_bytes - 4)
        here = here if here <= room else least
        record, place = data[place : place + here], place + here
        page = int.from_bytes(data[place : place + 4])
        while len(record) < size and page:
            more = self._read(page - 1)
            page, record = int.from_bytes(more[:4]), record + more[4:]
        return row_id, record[:size]


def _record(payload: bytes) -> tuple[object, ...]:
    """The values of a row. Raises IndexError and ValueError."""
    end, place = _varint(payload, 0)
    kinds = []
    while place < end:
        kind, place = _varint(payload, place)
        kinds.append(kind)
    values: list[object] = []
    for kind in kinds:
        value, place = _value(payload, place, kind)
        values.append(value)
    return tuple(values)


def _value(payload: bytes, place: int, kind: int) -> tuple[object, int]:
    if kind == 0:
        return None, place
    if kind in (_ZERO, _ONE):
        return kind - _ZERO, place
    size = _INTEGER_BYTES[kind] if kind < _REAL else 8 if kind == _REAL else (kind - _BLOB) // 2
    data = payload[place : place + size]
    if len(data) < size or size < 0:
        raise ValueError("the row is cut short")
    if kind < _REAL:
        return int.from_bytes(data, signed=True), place + size
    if kind == _REAL:
        return struct.unpack(">d", data)[0], place + size
    return (data if kind % 2 == 0 else data.decode()), place + size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, and the place behind it. Raises IndexError."""
    value = 0
    for _ in range(8):
        byte = data[place]
        place += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place
    value = value << 8 | data[place]  # the ninth has eight bits
    return value - (1 << 64 if value >> 63 else 0), place + 1
