"""Caches for tests, and what to ask them."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.forwarding.cache import FrameCache
from appliance.forwarding.cache_change import Quota
from appliance.forwarding.cache_file import CacheFile
from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.unit_clock import UnitClock
from tests.support.frames import radio_frame

NAME = "cache.sqlite3"
ROOMY = Quota(100_000, 100_000_000)


@asynccontextmanager
async def opened(
    directory: Path, max_frames: int = 1000, clock: UnitClock | None = None
) -> AsyncIterator[FrameCache]:
    """The cache in `directory`, closed at the end."""
    cache = FrameCache(directory / NAME, max_frames, 10_000_000, clock)
    await cache.open()
    try:
        yield cache
    finally:  # a test that fails leaves no thread behind
        await cache.close()


@contextmanager
def cache_file(directory: Path, quota: Quota = ROOMY) -> Iterator[CacheFile]:
    """The file in `directory`, closed at the end."""
    file = CacheFile(directory / NAME, quota)
    yield file
    file.close()


def fill(cache: FrameCache, *numbers: int, priority: bool = False) -> None:
    """Frames of these numbers come in."""
    for number in numbers:
        cache.append(radio_frame(number), 1_700_000_000 + number, priority=priority)


def marks(frames: list[CachedFrame]) -> list[int]:
    """The frames' numbers."""
    return [int.from_bytes(frame.mbal[:4], "big") for frame in frames]


def stored(cache: FrameCache) -> Callable[[], bool]:
    """Whether nothing waits to be written, or to be deleted."""
    writer = cache._writer
    return lambda: not writer.memory and not writer.acknowledged and not writer._lock.locked()


def balanced(cache: FrameCache) -> bool:
    """Whether every frame is accounted for."""
    c = cache.counts()
    return c.received == c.published + c.cached + c.dropped + c.quarantined


def as_killed(directory: Path, copy: Path) -> Path:
    """What a kill -9 would leave of the caches in `directory`, in `copy`."""
    copy.mkdir()
    for part in directory.glob(f"*{NAME}*"):
        if part.is_file():
            (copy / part.name).write_bytes(part.read_bytes())
    return copy


def held_up(
    monkeypatch: pytest.MonkeyPatch, owner: type, method: str
) -> tuple[threading.Event, threading.Event]:
    """Calls of a method that say when they are under way, and wait before they begin."""
    entered, leave = threading.Event(), threading.Event()
    work = getattr(owner, method)

    def slow(*args: object) -> object:
        entered.set()
        assert leave.wait(10)
        return work(*args)

    monkeypatch.setattr(owner, method, slow)
    return entered, leave


def failed_parts() -> list[str]:
    """What the running loop is told from now on of parts that have failed."""
    told: list[str] = []

    def note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        told.append(context["message"])

    asyncio.get_running_loop().set_exception_handler(note)
    return told
