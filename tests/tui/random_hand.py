"""A hand that does anything a terminal can send, from a seed; but for the keys that leave."""

import random
from collections.abc import Callable

from tests.tui.wire_terminal import KEYS, WireTerminal

LOOKS = 0.02  # of the other steps, after which the picture is looked at
_LEAVE = b"\x03\x04"
# Esc brings home, where there is most to do.
_NAMES = [*(name for name in KEYS if name not in ("ctrl c", "ctrl d")), *["esc"] * 10]
_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789 /+#.:-_\"'<>~" + "é水\u0301\u202e\u200b🙂"
_TEXTS = (
    "meters/north",
    "ssl://",
    "broker.localhost:1",
    "two\nlines\n",
    "\t\t\t\r\r",
    "x" * 500,
    "\x00\x07\x1b[2J\x1b]0;title\x07\x9b31m",
    '{ "connected": 0 }',
    "水" * 100,
)
# Beginnings and middles of what a terminal sends, without the rest.
_TORN = (
    b"\x1b",
    b"\x1b[",
    b"\x1b[<0;5",
    b"\x1b[200",
    b"\x1bO",
    b"\x1b]11;rgb:",
    b"\x1b[M ",
    b"\xe6\xb0",
)
_WAYS = (
    ["f10"],
    ["tab", "enter"],
    ["tab", "tab", "enter"],
    ["tab", "tab", "enter"],
    ["tab", "tab", "tab", "enter"],
    ["tab", "tab", "tab", "enter", "enter"],
    ["f10", "down", "down", "enter"],
    ["f10", "up", "up", "enter"],
)


class RandomHand:
    """Does one thing at a time at a terminal; the same seed does the same things."""

    def __init__(self, seed: int, *pems: str) -> None:
        self._random = random.Random(seed)
        self._pems = pems
        self._deeds: list[tuple[Callable[[WireTerminal], None], int]] = [
            (self._press_keys, 34),
            (self._type, 18),
            (self._go_a_way, 10),
            (self._use_mouse, 16),
            (self._paste, 8),
            (self._send_bytes, 6),
            (self._tear, 4),
            (self._resize, 4),
        ]

    def act(self, terminal: WireTerminal) -> bool:
        """Do something; say whether its answer is worth a look."""
        deeds, weights = zip(*self._deeds, strict=True)
        deed = self._random.choices(deeds, weights)[0]
        deed(terminal)
        return deed == self._go_a_way or self._random.random() < LOOKS

    def _press_keys(self, terminal: WireTerminal) -> None:
        terminal.key(self._random.choice(_NAMES))

    def _type(self, terminal: WireTerminal) -> None:
        terminal.send(self._random.choice(_CHARACTERS))

    def _go_a_way(self, terminal: WireTerminal) -> None:
        terminal.key(*self._random.choice(_WAYS))

    def _use_mouse(self, terminal: WireTerminal) -> None:
        columns, rows = terminal.size
        column = self._random.randrange(columns + 2)
        row = self._random.choice([self._random.randrange(rows + 2), min(16, rows - 1)])
        if self._random.random() < 0.6:
            terminal.click(column, row)
        else:
            button = self._random.choice([0, 1, 2, 3, 32, 35, 64, 65, 66, 128, 4_095])
            terminal.mouse(button, column, row, released=self._random.random() < 0.3)

    def _paste(self, terminal: WireTerminal) -> None:
        text = self._random.choice([*_TEXTS, *self._pems])
        if self._random.random() < 0.3:  # half of it, or what is left of it
            cut = self._random.randrange(len(text))
            text = self._random.choice([text[:cut], text[cut:]])
        if self._random.random() < 0.3:
            terminal.send(_without_leaving(text.replace("\n", "\r").encode()) or b"x")
        else:
            terminal.paste(text)

    def _send_bytes(self, terminal: WireTerminal) -> None:
        data = self._random.randbytes(self._random.randrange(1, 12))
        terminal.send(_without_leaving(data) or b"\x00")

    def _tear(self, terminal: WireTerminal) -> None:
        terminal.send(self._random.choice(_TORN))

    def _resize(self, terminal: WireTerminal) -> None:
        if self._random.random() < 0.2:
            terminal.resize(self._random.randrange(1, 90), self._random.randrange(1, 26))
        else:
            terminal.resize(*self._random.choice([(80, 24), (80, 24), (80, 24), (120, 40)]))


def _without_leaving(data: bytes) -> bytes:
    return data.translate(None, _LEAVE)
