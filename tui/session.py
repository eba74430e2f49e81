"""Owns one technician's session: a terminal, its screen, and whatever goes wrong on it.

A failure ends its own session, with a line on the terminal and the rest in the log; never the
loop, the unit or another session. The terminal is always left as it was found.
"""

import asyncio
import functools
import gc
import logging
import math
import textwrap
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING

from tui.app import App
from tui.drafts import Drafts
from tui.keys import KeyDecoder
from tui.screen import TerminalScreen
from tui.terminal import Terminal

if TYPE_CHECKING:
    from appliance.unit import Unit

__all__ = ["Terminal", "run", "screen"]

logger = logging.getLogger(__name__)

_REFRESH_S = 1.0
# Least time between two pictures: keys held down share one.
_FRAME_S = 0.02
# A window that is being dragged is drawn once its size has stayed as it is for so long.
_SETTLE_S = 0.05
_FAILED = "The screen failed; what you saved is safe. Please log in again."


def screen() -> Callable[["Unit", Terminal, float], Awaitable[None]]:
    """Return the screen of one unit; its sessions take up each other's unsaved edits.

    To be called when all is imported: the garbage collector then leaves that alone, which would
    hold up a picture in its midst for some 20 ms.
    """
    gc.freeze()
    return functools.partial(run, drafts=Drafts())


async def run(unit: "Unit", terminal: Terminal, idle_timeout: float, *, drafts: Drafts) -> None:
    """Show the screen on the terminal until the technician leaves or the line is gone.

    Also ends after `idle_timeout` seconds without a key press; 0 means never.
    """
    screen = TerminalScreen(terminal)
    farewell = ""
    session = None
    try:
        screen.start()
        session = _Session(unit, terminal, screen, idle_timeout, drafts)
        farewell = await session.converse()
    except Exception:  # the edge of a session
        logger.exception("the screen of %s failed; its session ends", terminal.peer)
        farewell = _FAILED
    finally:
        screen.stop()
        for line in textwrap.wrap(farewell, terminal.size[0]):
            terminal.write(f"{line}\r\n".encode("ascii", "replace"))
        if session:
            await session.end()


class _Session:
    """The conversation itself; times are those of the loop's clock."""

    def __init__(
        self,
        unit: "Unit",
        terminal: Terminal,
        screen: TerminalScreen,
        idle_timeout: float,
        drafts: Drafts,
    ) -> None:
        self._terminal = terminal
        self._screen = screen
        self._idle_timeout = idle_timeout or math.inf
        self._keys = KeyDecoder()
        self._changed = asyncio.Event()
        self._tasks = asyncio.TaskGroup()
        now = asyncio.get_running_loop().time()
        self._heard_at = now
        self._quiet_at = math.inf  # when the decoder is to be told that nothing more came
        self._refresh_at = now + _REFRESH_S
        self._settled_at = now  # when the size counts as the one that it is to be
        self._app = App(
            unit,
            f"tech from {terminal.peer}",
            terminal.size,
            drafts,
            self._spawn,
            self._changed.set,
            screen.mouse,
        )

    async def converse(self) -> str:
        """Return what to say once the screen is gone; raise what failed as an ExceptionGroup."""
        async with self._tasks:
            self._app.refresh()
            drawing = self._tasks.create_task(self._draw(), name="tui drawing")
            reading = self._tasks.create_task(self._terminal.next_event(), name="tui reading")
            farewell = await self._listen(reading)
            drawing.cancel()
        return farewell

    async def end(self) -> None:
        """Leave nothing undecided behind; edits stay for the next login, unless left on purpose."""
        on_purpose = self._app.finished and not self._app.cut_short
        await self._app.end(None if on_purpose else time.time())

    async def _listen(self, reading: asyncio.Task[bytes | tuple[int, int] | None]) -> str:
        """Take what the terminal sends, and what the clock brings, until the end."""
        clock = asyncio.get_running_loop().time
        while True:
            self._changed.set()
            due = min(self._quiet_at, self._refresh_at, self._heard_at + self._idle_timeout)
            await asyncio.wait({reading}, timeout=max(0.0, due - clock()))
            if reading.done():
                event = reading.result()
                if event is None:
                    return ""
                self._take(event, clock())
                reading = self._tasks.create_task(self._terminal.next_event(), name="tui reading")
            self._pass_time(clock())
            if self._app.finished or clock() - self._heard_at >= self._idle_timeout:
                reading.cancel()
                return self._app.farewell if self._app.finished else self._close_idle()

    def _take(self, event: bytes | tuple[int, int], now: float) -> None:
        if isinstance(event, tuple):
            self._app.size = event
            self._screen.clear()
            self._settled_at = now + _SETTLE_S
            return
        self._heard_at = now
        for press in self._keys.feed(event, now):
            self._app.take(press)
        self._quiet_at = now + (self._keys.wait or math.inf)

    def _pass_time(self, now: float) -> None:
        if now >= self._quiet_at:
            for press in self._keys.timeout(now):
                self._app.take(press)
            self._quiet_at = math.inf
        if now >= self._refresh_at:
            self._app.refresh()
            self._refresh_at = now + _REFRESH_S

    async def _draw(self) -> None:
        """Draw what changed, never further ahead of the client than one picture."""
        while True:
            await self._changed.wait()
            if (pause := self._settled_at - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(pause)
                continue
            self._changed.clear()
            self._screen.draw_screen(self._app.size, self._app.picture())
            await self._terminal.drain()
            await asyncio.sleep(_FRAME_S)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.create_task(self._work(work), name="tui work")

    async def _work(self, work: Coroutine[None, None, None]) -> None:
        await work
        self._changed.set()

    def _close_idle(self) -> str:
        idle = f"{self._idle_timeout:.0f}"
        logger.info("the screen of %s closed after %s s without a key", self._terminal.peer, idle)
        words = f"Closed: no key was pressed for {idle} seconds."
        if self._app.unsaved:
            unsaved = ", ".join(self._app.unsaved)
            words += f" Edited, not saved, and offered at the next login: {unsaved}."
        return words
