"""A walk through a damaged table: every row that can be read, in order of id.

The rows of a table are a tree of pages. A page that cannot be read hides its own rows, or those of
the pages below it, and no others: so rows are read up to the damage, the first id behind it is
searched for, and what lies between is looked for on the pages themselves (`cache_pages`).
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar, cast

from appliance.forwarding.cache_pages import LeafPages, Row
from appliance.forwarding.cache_schema import DamageError, is_damage

_PATIENCE = 5  # times that a failing disk is asked again

T = TypeVar("T")


class TableWalk(Generic[T]):
    """The rows of a SELECT's `columns` that `make` finds sound, behind `after` and up to `to`."""

    def __init__(
        self,
        database: sqlite3.Connection,
        columns: str,
        make: Callable[[Row], T | None],
        after: int,
        to: int,
    ) -> None:
        self.after = after
        self.ended = False
        self._to = to
        self._at_damage = False
        self._hidden_to: int | None = None  # the last id that the damage met hides
        self._pages: LeafPages | None = None
        self._pages_known = False
        self._patience = _PATIENCE
        self._database = database
        self._query = f"SELECT {columns} WHERE id >= ? AND id <= ? ORDER BY id LIMIT ?"
        self._make = make

    def look_for_pages(self, path: Path, first_id: int) -> None:
        """Also looks on the pages of the file at `path`, from the id `first_id` on.

        Raises sqlite3.Error and OSError.
        """
        (page_bytes,) = self._database.execute("PRAGMA page_size").fetchone()
        columns = len(self._database.execute(self._query, (0, 0, 0)).description)
        # What is in the WAL only is not to be missed.
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._pages = LeafPages(path, page_bytes, columns, first_id)

    def go_back(self, after: int) -> None:
        """Reads again from behind that id."""
        self.after, self.ended, self._hidden_to = after, False, None
        self._at_damage = False

    def next(self, limit: int) -> list[T]:
        """The next rows, `limit` or a few more; fewer, or none, is not the end.

        Raises sqlite3.Error and OSError where the disk fails, _PATIENCE times.
        """
        sound: list[T] = []
        while len(sound) < limit and not self.ended:
            if self._hidden_to is None:
                try:
                    self._read(sound, 1 if self._at_damage else limit - len(sound))
                except sqlite3.Error as error:
                    if not is_damage(error) and self._patience:
                        if sound:
                            break
                        self._patience -= 1
                        raise
                    # sqlite3 steps ahead, and loses the row before the damage: it is asked for by
                    # itself, until there is none.
                    if self._at_damage:
                        self._hidden_to = self._last_hidden()
                    self._at_damage = not self._at_damage
            elif self._pages and not self._pages_known:
                self._pages_known = self._pages.look()
                break  # there may be many: whoever waits for the disk has his turn
            else:
                self._read_hidden(sound, limit - len(sound), self._hidden_to)
        return sound

    def close(self) -> None:
        """Closes the file whose pages were read; the database is the caller's."""
        if self._pages:
            self._pages.close()

    def _read(self, sound: list[T], limit: int) -> None:
        """Adds rows up to the first damage. Raises sqlite3.Error there."""
        count = 0
        for row in self._database.execute(self._query, (self.after + 1, self._to, limit)):
            made = self._make(row)
            if made is None or not isinstance(row[0], int) or row[0] <= self.after:
                raise DamageError("a row that cannot be")
            sound.append(made)
            self.after = row[0]
            count += 1
        self.ended = count < limit

    def _read_hidden(self, sound: list[T], limit: int, hidden_to: int) -> None:
        """Adds rows of pages that the tree does not lead to, up to the end of the damage."""
        rows = self._pages.rows(self.after, hidden_to, limit) if self._pages else []
        sound += filter(None, map(self._make, rows))
        if len(rows) >= limit:
            self.after = cast(int, rows[-1][0])
            return
        self.after, self._hidden_to = hidden_to, None
        self.ended = hidden_to >= self._to

    def _last_hidden(self) -> int:
        """The greatest id that the damage behind `after` hides."""
        step = 1
        while not self._is_readable_behind(self.after + step):
            step *= 2
            if self.after + step >= self._to:
                return self._to
        hidden, readable = self.after + step // 2, self.after + step
        while readable - hidden > 1:
            middle = (hidden + readable) // 2
            if self._is_readable_behind(middle):
                readable = middle
            else:
                hidden = middle
        return readable

    def _is_readable_behind(self, frame_id: int) -> bool:
        try:
            row = self._database.execute(self._query, (frame_id + 1, self._to, 1)).fetchone()
        except sqlite3.Error:
            return False
        return row is None or self._make(row) is not None
