"""What became of every frame since the unit was provisioned, kept beside the frames."""

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import NamedTuple

from appliance.forwarding.cache_schema import DamageError
from appliance.forwarding.cached_frame import ENDLESS, CachedFrame


class Frames(NamedTuple):
    """How many frames, and how many of them have priority."""

    number: int = 0
    priority: int = 0

    @classmethod
    def of(cls, frames: Sequence[CachedFrame]) -> "Frames":
        """Of these."""
        return cls(len(frames), sum(frame.priority for frame in frames))


@dataclass(frozen=True, slots=True)
class Ledger:
    """The counts as far as the file knows; they survive a restart.

    `received` is not among them: it is cached + salvaging + published + dropped + quarantined.
    `settled_to` is the id up to which every frame is in one of them: a commit that only adds frames
    leaves the ledger as it is, as the ids that follow say the rest. No frame that is cached has an
    id below `first_id`.

    `salvaging` frames are believed to be in damaged files. The counts of those files up to number
    `adopted` are in here; number `salvage` is being read, and was up to the id `salvaged_to`.
    """

    cached: int = 0
    cached_priority: int = 0
    received_priority: int = 0
    published: int = 0
    dropped: int = 0
    quarantined: int = 0
    settled_to: int = 0
    first_id: int = 0
    salvaging: int = 0
    adopted: int = 0
    salvage: int = 0
    salvaged_to: int = 0

    def cached_more(self, frames: Frames) -> "Ledger":
        """With more frames cached, or with a negative number fewer."""
        return replace(
            self,
            cached=self.cached + frames.number,
            cached_priority=self.cached_priority + frames.priority,
        )

    def without_dropped(self, frames: Frames) -> "Ledger":
        """With cached frames dropped."""
        fewer = self.cached_more(Frames(-frames.number, -frames.priority))
        return replace(fewer, dropped=self.dropped + frames.number)

    def recounted(self, frames: Frames) -> "Ledger":
        """With what is there as cached; what is missing counts as dropped."""
        missing = max(0, self.cached - frames.number)
        return replace(
            self,
            cached=frames.number,
            cached_priority=frames.priority,
            dropped=self.dropped + missing,
        )

    def with_what_followed(self, frames: Frames, last_id: int) -> "Ledger":
        """With the frames behind `settled_to`, of which `last_id` is the last.

        A frame whose id is passed over was acknowledged before it had to be written.
        """
        last = max(last_id, self.settled_to)
        return replace(
            self.cached_more(frames),
            received_priority=self.received_priority + frames.priority,
            published=self.published + last - self.settled_to - frames.number,
            settled_to=last,
        )


def load_ledger(database: sqlite3.Connection) -> Ledger:
    """The ledger as it was written last. Raises sqlite3.Error, also where it cannot be one."""
    counts = dict(database.execute("SELECT name, count FROM ledger").fetchall())
    possible = dict.fromkeys(counts, ENDLESS) | {"salvaged_to": 1 << 63}
    if not all(isinstance(n, int) and 0 <= n < possible[name] for name, n in counts.items()):
        raise DamageError("its counts cannot be")
    return Ledger(**{field.name: counts.get(field.name, 0) for field in fields(Ledger)})


def save_ledger(database: sqlite3.Connection, ledger: Ledger) -> None:
    """Writes the ledger, in a transaction of the caller's. Raises sqlite3.Error."""
    database.executemany("INSERT OR REPLACE INTO ledger VALUES (?, ?)", asdict(ledger).items())
