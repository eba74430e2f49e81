"""Owns a terminal's picture: takes urwid canvases, sends what changed, puts everything back.

Nothing here touches this process's own terminal, signals or file descriptors, so any number of
screens live side by side.
"""

from collections.abc import Hashable, Iterable
from itertools import groupby
from operator import itemgetter

import urwid

from tui.palette import PALETTE
from tui.terminal import Terminal, abilities
from tui.widgets import printable

_Runs = tuple[tuple[Hashable, object, bytes], ...]  # a row: look, (character set), text
_Cell = tuple[str, str]  # SGR parameters and a character

_PLAIN = "0"
_BLANK = (_PLAIN, " ")
_ERASE = "\x1b[0m\x1b[2J\x1b[H"
_ERASE_LINE = "\x1b[K"
_HIDE_CURSOR = "\x1b[?25l"
_SHOW_CURSOR = "\x1b[?25h"
# No other mode than presses and releases: what moves costs a slow line too much.
_MOUSE_ON = "\x1b[?1000h\x1b[?1006h"
_MOUSE_OFF = "\x1b[?1006l\x1b[?1000l"

# Column for column, what stands in for a character on a terminal without UTF-8.
_ASCII = str.maketrans(
    "─│┌┐└┘├┤┬┴┼×…–—‘’“”▁▂▃▄▅▆▇█·",  # noqa: RUF001
    "-|+++++++++x.--''\"\"_.-:=+*#.",
)


def _sgr(foreground: str, background: str) -> str:
    """Return the parameters of a look's SGR sequence (ECMA-48, 8.3.117)."""
    look = urwid.AttrSpec(foreground, background, 16)
    codes = [_PLAIN]
    codes += ["1"] if look.bold else []
    codes += ["7"] if look.standout else []
    codes += [f"{30 + look.foreground_number}"] if look.foreground_basic else []
    codes += [f"{40 + look.background_number}"] if look.background_basic else []
    return ";".join(codes)


_COLOURS: dict[Hashable, str] = {name: _sgr(fore, back) for name, fore, back, _ in PALETTE}
_MONOCHROME: dict[Hashable, str] = {name: _sgr(mono, "default") for name, _, _, mono in PALETTE}


class TerminalScreen:
    """A picture on a Terminal; what is written is bounded by whoever drains the terminal."""

    def __init__(self, terminal: Terminal) -> None:
        # urwid keeps one encoding per process. All canvases are UTF-8, and a terminal that is
        # not gets ASCII from here, so that the two kinds can be connected at the same time.
        urwid.set_encoding("utf-8")
        self._terminal = terminal
        self._able = abilities(terminal.term)
        self._looks = _COLOURS if self._able.colours else _MONOCHROME
        self._running = False
        self._mouse = False
        self.clear()

    def start(self) -> None:
        """Take the terminal over."""
        self._running = True
        self._send(
            "\x1b[?1049h" if self._able.buffers else "",
            "\x1b[?7l" if self._able.wrap_mode else "",
            "\x1b[?2004h" if self._able.paste_mode else "",
        )

    def stop(self) -> None:
        """Put back all that was changed. Where there is no other buffer the picture goes."""
        if self._running:
            self.mouse(False)
            self._running = False
            self._send(
                _ERASE,
                "\x1b[?2004l" if self._able.paste_mode else "",
                "\x1b[?7h" if self._able.wrap_mode else "",
                _SHOW_CURSOR if self._able.cursor_mode else "",
                "\x1b[?1049l" if self._able.buffers else "",
            )

    def mouse(self, on: bool) -> None:
        """Have the terminal report its mouse, if it can, or keep it for marking and pasting."""
        if self._running and self._able.mouse and on != self._mouse:
            self._mouse = on
            self._send(_MOUSE_ON if on else _MOUSE_OFF)

    def clear(self) -> None:
        """Draw everything anew next time: nothing is known of what the terminal shows."""
        self._drawn: list[_Runs] = []
        self._size = (0, 0)
        self._cursor: tuple[int, int] | None = None
        self._cursor_hidden = False
        self._pen = ""  # the SGR parameters in force; none are known

    def draw_screen(self, size: tuple[int, int], canvas: urwid.Canvas) -> None:
        """Send what differs from what was drawn last."""
        rows: list[_Runs] = [tuple(row) for row in canvas.content()]
        if rows == self._drawn and canvas.cursor == self._cursor:
            return
        painted = self._erase_unless(size) + "".join(
            self._change(y, drawn, row)
            for y, (drawn, row) in enumerate(zip(self._drawn, rows, strict=True))
            if row != drawn
        )
        self._drawn = rows
        hidden = self._hide_cursor(hide=bool(painted) or not canvas.cursor)
        self._send(hidden, painted, self._place_cursor(canvas.cursor))

    def _erase_unless(self, size: tuple[int, int]) -> str:
        """Begin with an empty picture, unless the one that is known is of that size."""
        if size == self._size:
            return ""
        self._size, self._pen = size, _PLAIN
        self._drawn = [((None, None, b" " * size[0]),)] * size[1]
        return _ERASE

    def _change(self, y: int, before: _Runs, after: _Runs) -> str:
        """Return what makes one row of another: from the first cell to the last that differ."""
        old, new = self._cells(before), self._cells(after)
        if y == self._size[1] - 1 and not self._able.wrap_mode:
            new = new[:-1]  # writing there would scroll
        start, end = 0, len(new)
        # Terminals disagree on how wide characters are that are not simply one wide.
        if all(_is_narrow(character) for _, character in {*old, *new}):
            start = next((x for x, cell in enumerate(new) if cell != old[x]), end)
            while end > start and new[end - 1] == old[end - 1]:
                end -= 1
        cells, written = new[start:end], len(new)
        while written > start and new[written - 1] == _BLANK:
            written -= 1
        if end - written > len(_ERASE_LINE):  # all that follows in the row is blank
            cells[written - start :] = [(_PLAIN, _ERASE_LINE)]
        return f"{_position(start, y)}{self._paint(cells)}" if cells else ""

    def _cells(self, row: _Runs) -> list[_Cell]:
        look_of = self._looks.get
        return [
            (look, character)
            for name, _, run in row
            for look in (look_of(name, _PLAIN),)
            for character in self._text(run)
        ]

    def _text(self, run: bytes) -> str:
        # The widgets have filtered what they show; this is the one door it all goes through.
        text = printable(run.decode("utf-8", "replace")).replace("\n", " ")
        if self._able.utf8 or text.isascii():
            return text
        return "".join(
            each if each.isascii() else "?" * urwid.calc_width(each, 0, 1)
            for each in text.translate(_ASCII)
        )

    def _paint(self, cells: Iterable[_Cell]) -> str:
        output = []
        for look, run in groupby(cells, itemgetter(0)):
            output += [f"\x1b[{look}m"] if look != self._pen else []
            output += [text for _, text in run]
            self._pen = look
        return "".join(output)

    def _hide_cursor(self, *, hide: bool) -> str:
        if not hide or self._cursor_hidden or not self._able.cursor_mode:
            return ""
        self._cursor_hidden = True
        return _HIDE_CURSOR

    def _place_cursor(self, cursor: tuple[int, int] | None) -> str:
        self._cursor = cursor
        if not cursor:
            corner = _position(self._size[0] - 1, self._size[1] - 1)
            return "" if self._cursor_hidden else corner
        shown = _SHOW_CURSOR if self._cursor_hidden else ""
        self._cursor_hidden = False
        return _position(*cursor) + shown

    def _send(self, *output: str) -> None:
        self._terminal.write("".join(output).encode())


def _is_narrow(character: str) -> bool:
    return character.isascii() or urwid.calc_width(character, 0, 1) == 1


def _position(x: int, y: int) -> str:
    return f"\x1b[{y + 1};{x + 1}H"
