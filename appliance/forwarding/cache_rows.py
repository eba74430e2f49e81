"""What is done to the rows of the cache's database: plain SQL, no policy but the quota's order.

Every method raises sqlite3.Error, and belongs into a transaction of the caller's.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import pairwise

from appliance.forwarding.cache_ledger import Frames
from appliance.forwarding.cache_schema import FRAME_COLUMNS, DamageError
from appliance.forwarding.cached_frame import CachedFrame, QuarantinedFrame

_FRAME_VALUES = ", ".join("?" * len(CachedFrame._fields))


class CacheRows:
    """The frames and the quarantined frames of `database`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._ordinary_after = 0  # no frame without priority has an id up to this one

    def read(self, after: int, to: int, limit: int) -> list[CachedFrame]:
        """Up to `limit` frames behind the id `after`, up to the id `to`, in order.

        Raises DamageError where one cannot be a frame.
        """
        rows = self._database.execute(
            f"SELECT {FRAME_COLUMNS} FROM frames WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",  # noqa: S608
            (after, to, limit),
        )
        frames = [CachedFrame._make(row) for row in rows]
        if not all(map(CachedFrame.is_sound, frames)):
            raise DamageError("a row that cannot be a frame")
        if any(one.id >= other.id for one, other in pairwise(frames)):
            raise DamageError("rows that are not in order")
        return frames

    def behind(self, frame_id: int) -> Frames:
        """How many frames there are behind the id."""
        return Frames._make(
            self._database.execute(
                "SELECT count(*), coalesce(sum(priority), 0) FROM frames WHERE id > ?", (frame_id,)
            ).fetchone()
        )

    def last_id(self) -> int:
        """The greatest id of a frame; 0 without frames."""
        (last,) = self._database.execute("SELECT coalesce(max(id), 0) FROM frames").fetchone()
        return int(last)

    def first_id(self) -> int:
        """The least id of a frame; 0 without frames."""
        (first,) = self._database.execute("SELECT coalesce(min(id), 0) FROM frames").fetchone()
        return int(first)

    def add(self, frames: Iterable[CachedFrame]) -> None:
        """Puts new frames in; sqlite3.IntegrityError where an id is in use."""
        self._database.executemany(f"INSERT INTO frames VALUES ({_FRAME_VALUES})", frames)  # noqa: S608

    def add_salvaged(self, frames: Sequence[CachedFrame]) -> Frames:
        """Puts in what is not there already; how many that was."""
        number = priority = 0
        for frame in frames:
            added = self._database.execute(
                f"INSERT OR IGNORE INTO frames VALUES ({_FRAME_VALUES})",  # noqa: S608 - ours
                frame,
            ).rowcount
            number += added
            priority += added * frame.priority
            self._ordinary_after = min(self._ordinary_after, frame.id - 1)
        return Frames(number, priority)

    def delete(self, ranges: Iterable[tuple[int, int]]) -> Frames:
        """Deletes the frames whose ids are in the ranges, first and last included."""
        ranges = tuple(ranges)
        statement = "DELETE FROM frames WHERE id BETWEEN ? AND ?"
        priority = self._database.executemany(f"{statement} AND priority = 1", ranges).rowcount
        others = self._database.executemany(statement, ranges).rowcount
        return Frames(max(priority, 0) + max(others, 0), max(priority, 0))

    def drop_ordinary(self, excess: int) -> Frames:
        """Deletes the oldest frames without priority, `excess` of them if there are so many."""
        # From where the last ones were dropped: in a full cache priority frames gather before it.
        ids = self._oldest("priority = 0 AND id > ?", self._ordinary_after, excess)
        self._ordinary_after = max(ids, default=self._ordinary_after)
        return self.delete((one, one) for one in ids)

    def drop(self, excess: int) -> Frames:
        """Deletes `excess` frames: the oldest without priority, then the oldest of priority."""
        ordinary = self.drop_ordinary(excess)
        ids = self._oldest("priority = 1 AND id > ?", 0, excess - ordinary.number)
        priority = self.delete((one, one) for one in ids)
        return Frames(ordinary.number + priority.number, priority.number)

    def quarantine(self, frames: Sequence[CachedFrame], reason: str, at: float) -> Frames:
        """Sets those of `frames` aside that are there."""
        columns = f"{FRAME_COLUMNS}, ?, ?"
        moved = self._database.executemany(
            f"INSERT OR REPLACE INTO quarantined SELECT {columns} FROM frames WHERE id = ?",  # noqa: S608
            [(reason, at, frame.id) for frame in frames],
        ).rowcount
        gone = self.delete((frame.id, frame.id) for frame in frames)
        return Frames(max(moved, 0), gone.priority)

    def add_quarantined(self, quarantined: Sequence[QuarantinedFrame]) -> None:
        """Puts in what was set aside before."""
        self._database.executemany(
            f"INSERT OR IGNORE INTO quarantined VALUES ({_FRAME_VALUES}, ?, ?)",  # noqa: S608
            [(*each.frame, each.reason, each.at) for each in quarantined],
        )

    def quarantined(self, limit: int) -> list[QuarantinedFrame]:
        """Up to `limit` frames that were set aside, oldest first."""
        rows = self._database.execute(
            f"SELECT {FRAME_COLUMNS}, reason, at FROM quarantined ORDER BY id LIMIT ?",  # noqa: S608
            (limit,),
        )
        return [QuarantinedFrame(CachedFrame._make(row[:-2]), *row[-2:]) for row in rows]

    def release(self) -> Frames:
        """Puts every frame that was set aside back at its place among the others."""
        numbers = self._database.execute(
            "SELECT count(*), coalesce(sum(priority), 0), coalesce(min(id), 0) FROM quarantined"
            " WHERE id NOT IN (SELECT id FROM frames)"
        ).fetchone()
        self._database.execute(
            f"INSERT OR IGNORE INTO frames SELECT {FRAME_COLUMNS} FROM quarantined"  # noqa: S608 - ours
        )
        self._database.execute("DELETE FROM quarantined")
        self._ordinary_after = min(self._ordinary_after, numbers[2] - 1)
        return Frames(*numbers[:2])

    def drop_quarantined(self, excess: int) -> int:
        """Deletes `excess` of the frames that were set aside, the oldest first; how many."""
        if excess <= 0:
            return 0
        return self._database.execute(
            "DELETE FROM quarantined WHERE id IN (SELECT id FROM quarantined ORDER BY id LIMIT ?)",
            (excess,),
        ).rowcount

    def _oldest(self, condition: str, after: int, count: int) -> list[int]:
        if count <= 0:  # SQL's LIMIT takes a negative number for none
            return []
        query = f"SELECT id FROM frames WHERE {condition} ORDER BY id LIMIT ?"  # noqa: S608 - ours
        return [one for (one,) in self._database.execute(query, (after, count))]
