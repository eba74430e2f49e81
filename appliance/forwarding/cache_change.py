"""What the queue and its file tell each other."""

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.forwarding.cache_ledger import Ledger
from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.unit_clock import Setting


@dataclass(frozen=True, slots=True)
class Quota:
    """The most that the settings allow; the partition may have room for less."""

    frames: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit brings: new frames, ranges of acknowledged ids, and counts since the last.

    `published` and `dropped` frames never came to the disk; `settled_to` is the id up to which
    every frame is accounted for once this is committed. With `ledger_due` the counts are written
    even where they could be told from the rows. Nothing follows a `final` one.
    """

    added: Sequence[CachedFrame] = ()
    acknowledged: Sequence[tuple[int, int]] = ()
    published: int = 0
    dropped: int = 0
    received_priority: int = 0
    settled_to: int = 0
    setting: Setting | None = None
    ledger_due: bool = False
    final: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """The file now: its counts, the greatest id of a frame in it, the bytes in use."""

    ledger: Ledger
    last_id: int
    bytes: int


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """The cache and its ledger now; all but the cached counts are since the unit was provisioned.

    received = published + cached + dropped + quarantined, always.
    """

    received: int
    received_priority: int
    cached: int
    cached_priority: int
    published: int
    dropped: int
    quarantined: int
    bytes: int
