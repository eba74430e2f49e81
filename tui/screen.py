"""Owns a terminal's picture: takes urwid canvases, sends what changed, puts everything back.

Nothing here touches this process's own terminal, signals or file descriptors, so any number of
screens live side by side.
"""

from collections.abc import Hashable
from typing import Any

import urwid

from tui.palette import PALETTE
from tui.terminal import Terminal, has_colours, speaks_utf8
from tui.widgets import printable

# Alternate buffer; no automatic wrap, so the last column of the last row never scrolls;
# bracketed paste (xterm, "Bracketed Paste Mode").
_ENTER = "\x1b[?1049h\x1b[?7l\x1b[?2004h"
_ERASE = "\x1b[0m\x1b[2J\x1b[H"
# The picture goes before the buffer does: a terminal without a second one keeps nothing of it.
_LEAVE = f"{_ERASE}\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l"
_HIDE_CURSOR = "\x1b[?25l"
_SHOW_CURSOR = "\x1b[?25h"

# Column for column, what stands in for a character on a terminal without UTF-8.
_ASCII = str.maketrans("─│┌┐└┘├┤┬┴┼×…–—‘’“”", "-|+++++++++x.--''\"\"")  # noqa: RUF001


class TerminalScreen(urwid.BaseScreen):
    """An urwid screen on a Terminal; what it writes is bounded by whoever drains the terminal."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        # urwid keeps one encoding per process. All canvases are UTF-8, and a terminal that is
        # not gets ASCII from here, so that the two kinds can be connected at the same time.
        urwid.set_encoding("utf-8")
        self._terminal = terminal
        self._ascii = not speaks_utf8(terminal.term)
        self._palette_index = 0 if has_colours(terminal.term) else 1
        self._rows: list[str] = []
        self._cursor: tuple[int, int] | None = None
        self.register_palette(PALETTE)

    def get_cols_rows(self) -> tuple[int, int]:
        """Return the terminal's columns and rows."""
        return self._terminal.size

    def _start(self, *args: Any, **kwargs: Any) -> None:
        self._terminal.write(_ENTER.encode())
        self.clear()

    def _stop(self) -> None:
        self._terminal.write(_LEAVE.encode())

    def clear(self) -> None:
        """Draw everything anew next time."""
        self._rows = []

    def draw_screen(self, size: tuple[int, int], canvas: urwid.Canvas) -> None:
        """Send the rows that differ from those drawn last."""
        rows = [self._row(runs) for runs in canvas.content()]
        if rows == self._rows and canvas.cursor == self._cursor:
            return
        output = [_HIDE_CURSOR] if self._rows else [_HIDE_CURSOR, _ERASE]
        known = self._rows + [""] * (len(rows) - len(self._rows))
        output += [
            f"{_position(0, y)}{row}"
            for y, (row, drawn) in enumerate(zip(rows, known, strict=False))
            if row != drawn
        ]
        if canvas.cursor:
            output += [_position(*canvas.cursor), _SHOW_CURSOR]
        self._rows, self._cursor = rows, canvas.cursor
        self._terminal.write("".join(output).encode())

    def _row(self, runs: Any) -> str:
        return "".join(f"{self._escape(name)}{self._text(run)}" for name, _, run in runs)

    def _text(self, run: bytes) -> str:
        # The widgets have filtered what they show; this is the one door it all goes through.
        text = printable(run.decode("utf-8", "replace")).replace("\n", " ")
        if not self._ascii or text.isascii():
            return text
        return "".join(
            each if each.isascii() else "?" * urwid.calc_width(each, 0, 1)
            for each in text.translate(_ASCII)
        )

    def _escape(self, name: Hashable) -> str:
        """Return the SGR sequence (ECMA-48, 8.3.117) of a palette entry."""
        look = self.resolve_attr(name, self._palette_index)
        codes = ["0"]
        codes += ["1"] if look.bold else []
        codes += ["7"] if look.standout else []
        codes += [f"{30 + look.foreground_number}"] if look.foreground_basic else []
        codes += [f"{40 + look.background_number}"] if look.background_basic else []
        return f"\x1b[{';'.join(codes)}m"


def _position(x: int, y: int) -> str:
    return f"\x1b[{y + 1};{x + 1}H"
