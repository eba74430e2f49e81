import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from appliance.forwarding.flush_timer import FlushTimer
from tests.support.waiting import until

AFTER_S = 10.0


class Clock:
    """The loop's time, at will."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self._timers: list[tuple[float, Callable[[], None]]] = []
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "time", lambda: self.now)
        monkeypatch.setattr(loop, "call_at", self._call_at)
        monkeypatch.setattr(loop, "call_later", lambda s, do: self._call_at(self.now + s, do))

    def _call_at(self, at: float, do: Callable[[], None]) -> Any:
        self._timers.append((at, do))
        return object()

    def go_on(self, seconds: float) -> None:
        """Time passes, and what is due is done."""
        end = self.now + seconds
        while due := [timer for timer in self._timers if timer[0] <= end]:
            timer = min(due, key=lambda each: each[0])
            self._timers.remove(timer)
            self.now = max(self.now, timer[0])
            timer[1]()
        self.now = end


async def test_each_frame_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Acknowledged in time it is no reason to write, and one that came later is not hurried."""
    clock = Clock(monkeypatch)
    waiting, written = {1, 2, 3}, list[float]()
    timer = FlushTimer(AFTER_S, waiting.__contains__, lambda: written.append(clock.now))
    timer.came(1)
    clock.go_on(9)
    timer.came(2)
    waiting.discard(1)
    clock.go_on(9)
    assert written == []
    timer.came(3)
    clock.go_on(9)
    assert written == [1019.0]  # frame 2, and 3 with it
    clock.go_on(100)
    assert written == [1019.0]


async def test_nothing_is_due_where_all_is_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next frame starts anew."""
    clock = Clock(monkeypatch)
    waiting, written = {2}, list[float]()
    timer = FlushTimer(AFTER_S, waiting.__contains__, lambda: written.append(clock.now))
    timer.came(1)
    clock.go_on(50)
    timer.came(2)
    clock.go_on(10)
    assert written == [1060.0]


async def test_it_runs_on_the_real_loop() -> None:
    """As it does in the unit."""
    written = asyncio.Event()
    FlushTimer(0.01, lambda _: True, written.set).came(1)
    await until(written.is_set)
