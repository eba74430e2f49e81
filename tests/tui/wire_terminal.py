"""A terminal whose wire stays in this process: bytes in, bytes out, shown by pyte."""

import asyncio
from collections.abc import Callable

import pyte

from tests.support.waiting import until

KEYS = {
    "tab": b"\t",
    "shift tab": b"\x1b[Z",
    "enter": b"\r",
    "esc": b"\x1b",
    "backspace": b"\x7f",
    "delete": b"\x1b[3~",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "right": b"\x1b[C",
    "left": b"\x1b[D",
    "home": b"\x1b[H",
    "end": b"\x1b[F",
    "page up": b"\x1b[5~",
    "page down": b"\x1b[6~",
    "ctrl c": b"\x03",
    "ctrl d": b"\x04",
    "ctrl r": b"\x12",
    "ctrl z": b"\x1a",
    "f1": b"\x1bOP",
    "f2": b"\x1bOQ",
    "f3": b"\x1bOR",
    "f4": b"\x1bOS",
    "f5": b"\x1b[15~",
    "f10": b"\x1b[21~",
}


class WireTerminal:
    """What a session sees as its terminal, with a technician's hands and eyes."""

    def __init__(self, term: str = "xterm-256color", columns: int = 80, rows: int = 24) -> None:
        self.term = term
        self.peer = "192.0.2.7"
        self.received = bytearray()
        self.all_taken = asyncio.Event()  # while whoever listens waits for more
        self.session: asyncio.Task[None]  # whoever starts one on this terminal keeps it here
        self._size = (columns, rows)
        self._events: asyncio.Queue[bytes | tuple[int, int] | None] = asyncio.Queue()
        self._one_at_a_time = False
        self._reading = asyncio.Event()
        self._reading.set()
        self._emulator = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._emulator)
        self._shown = 0  # bytes of what was received
        self._lines: list[str] = []  # as read off then: that takes its time

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._size

    async def next_event(self) -> bytes | tuple[int, int] | None:
        """Hand over what the technician did."""
        if self._events.empty():
            self.all_taken.set()
        return await self._events.get()

    def write(self, data: bytes) -> None:
        """Keep it, to be shown when somebody looks."""
        self.received += data

    async def drain(self) -> None:
        """Wait as long as the client does not read."""
        await self._reading.wait()
        if self._one_at_a_time:
            self._reading.clear()

    def stop_reading(self) -> None:
        """Be a client that takes nothing more."""
        self._reading.clear()

    def take_one_picture(self) -> None:
        """Be a client that takes one picture more, and only then asks for another."""
        self._one_at_a_time = True
        self._reading.set()

    def send(self, *chunks: bytes | str) -> None:
        """Send each chunk as one read."""
        for chunk in chunks:
            self._put(chunk.encode() if isinstance(chunk, str) else chunk)

    def key(self, *names: str) -> None:
        """Press keys, each a read of its own."""
        self.send(*(KEYS[name] for name in names))

    def paste(self, text: str) -> None:
        """Paste as a terminal with bracketed paste does."""
        self.send(b"\x1b[200~" + text.replace("\n", "\r").encode() + b"\x1b[201~")

    def mouse(self, button: int, column: int, row: int, *, released: bool = False) -> None:
        """Report a mouse as xterm does in SGR mode; cells from 0, button as in the report."""
        end = "m" if released else "M"
        self.send(f"\x1b[<{button};{column + 1};{row + 1}{end}")

    def click(self, column: int, row: int, button: int = 0) -> None:
        """Press and release a mouse button on a cell."""
        self.mouse(button, column, row)
        self.mouse(button, column, row, released=True)

    def resize(self, columns: int, rows: int) -> None:
        """Change the window's size."""
        self._size = (columns, rows)
        self._screen.resize(rows, columns)
        self._lines = []
        self._put((columns, rows))

    def hang_up(self) -> None:
        """Let the line go."""
        self._put(None)

    def _put(self, event: bytes | tuple[int, int] | None) -> None:
        self.all_taken.clear()
        self._events.put_nowait(event)

    def lines(self) -> list[str]:
        """The rows as shown, without trailing blanks."""
        screen = self._screen
        self._lines = self._lines or [line.rstrip() for line in screen.display]
        return list(self._lines)

    def text(self) -> str:
        """The rows as shown, as one text."""
        return "\n".join(self.lines())

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row, from 0."""
        return self._screen.cursor.x, self._screen.cursor.y

    @property
    def _screen(self) -> pyte.Screen:
        """The emulator with all that was received on it."""
        if self._shown < len(self.received):
            self._stream.feed(bytes(self.received[self._shown :]))
            self._shown, self._lines = len(self.received), []
        return self._emulator

    async def wait_for(self, wanted: str | Callable[[str], bool]) -> str:
        """Return the screen's text once it holds what is wanted."""

        def shown() -> bool:
            return wanted in self.text() if isinstance(wanted, str) else wanted(self.text())

        try:
            await until(shown)
        except AssertionError:
            raise AssertionError(f"{wanted!r} is not shown but:\n{self.text()}") from None
        return self.text()
