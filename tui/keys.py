"""Bytes from a terminal in, key presses and pasted text out; pure, told the time by its caller.

A paste comes whole, whatever it was cut into on its way: between the marks of bracketed paste,
or, from terminals without it, as a burst faster than fingers. Within it newlines and TABs are
text and never keys, but for TABs behind a single line. Bytes that are not UTF-8 become U+FFFD.
"""

import codecs
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from urwid.display import escape

# Longest paste taken: the longest value there is, in MQTT's terms. One character more is kept,
# so that a longer one shows as such.
PASTE_LIMIT = 65_535

# Silence that makes a lone ESC the Esc key; generous, since here Esc does nothing.
_ESCAPE_WAIT_S = 0.2
# Silence that ends a burst. A burst is handed on, and so shown, only then: whoever waits to see
# the text before pressing TAB is always late enough for TAB to be a key.
_BURST_WAIT_S = 0.05
# Characters following each other faster than this were not typed: keys repeat every 30 ms.
_RAPID_S = 0.005
# Silence that ends a bracketed paste whose end mark never came.
_PASTE_WAIT_S = 5.0

# Longer than any sequence urwid takes for a key.
_LONGEST_KEY = 128
_PASTE_BEGIN = "begin paste"
_PASTE_END = "\x1b[201~"
# What may stand in a text; everything else is a key or the beginning of one.
_TEXT = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+")
_ASCII = re.compile(r"[\x00-\x7f]+")
_NEWLINES = re.compile(r"\r\n?")
_AS_KEY = {"\n": "enter", "\t": "tab"}
# One line and then keys, beginning with TAB: somebody faster than the network, or a script. A
# paste would have to end in TABs to be taken for it.
_TYPED_AHEAD = re.compile(r"(?P<line>[^\t\n]+)(?P<keys>\t[\t\n]*)")


@dataclass(frozen=True, slots=True)
class Key:
    """One key press: a printable character, or a key by urwid's name for it ("page up")."""

    name: str


@dataclass(frozen=True, slots=True)
class Paste:
    r"""Text that came in one go, its newlines as "\n"; kept out of the repr, may be a secret."""

    text: str = field(repr=False)


class KeyDecoder:
    """Cuts one terminal's bytes into presses; never holds more than PASTE_LIMIT characters."""

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._input = ""  # not understood yet: at most the beginning of an escape sequence
        self._paste = ""
        self._bracketed = False  # between the marks; otherwise a non-empty _paste is a burst
        self._typed_at = -math.inf

    @property
    def wait(self) -> float | None:
        """Seconds of silence after which `timeout` is to be called; None: nothing is pending."""
        if self._bracketed:
            return _PASTE_WAIT_S
        if self._input:
            return _ESCAPE_WAIT_S
        return _BURST_WAIT_S if self._paste else None

    def feed(self, data: bytes, now: float) -> list[Key | Paste]:
        """Take bytes that arrived at `now` (seconds of any steady clock)."""
        self._input += self._utf8.decode(data)
        return list(self._presses(now, more=True))

    def timeout(self, now: float) -> list[Key | Paste]:
        """Take it that nothing more belongs to what came so far."""
        if self._bracketed:
            self._collect(self._input)
            self._input = ""
        return [*self._presses(now, more=False), *self._pasted()]

    def _presses(self, now: float, *, more: bool) -> Iterator[Key | Paste]:
        while self._input:
            if self._bracketed:
                if not self._read_bracketed():
                    return
                yield from self._pasted()
            elif text := _TEXT.match(self._input):
                self._input = self._input[text.end() :]
                yield from self._read_text(text[0], now)
            else:
                try:
                    names = self._read_key(more=more)
                except escape.MoreInputRequired:
                    return
                yield from self._pasted()
                yield from self._keys(names)

    def _read_bracketed(self) -> bool:
        """Move text into the paste; say whether its end mark came."""
        text, end, rest = self._input.partition(_PASTE_END)
        if not end:
            # The mark itself may be cut in two: its beginning waits for the rest.
            kept = _cut_mark(text)
            text, rest = text[: len(text) - kept], text[len(text) - kept :]
        self._collect(text)
        self._input = rest
        return bool(end)

    def _read_text(self, text: str, now: float) -> Iterator[Key]:
        """Sort a run of text characters into keys, or into the burst they belong to."""
        typed = not text.isspace() or " " in text
        rapid = now - self._typed_at < _RAPID_S
        if typed:
            self._typed_at = now
        if self._paste or rapid or (typed and len(text) > 1):
            self._collect(text)
            return
        for character in _NEWLINES.sub("\n", text):
            yield Key(_AS_KEY.get(character, character))

    def _read_key(self, *, more: bool) -> list[object]:
        """Take one key off the input; raises MoreInputRequired while it is incomplete."""
        ascii_part = _ASCII.match(self._input[:_LONGEST_KEY])
        if ascii_part is None:  # a C1 control
            self._input = self._input[1:]
            return []
        codes = [ord(character) for character in ascii_part[0]]
        incomplete = more and len(codes) == len(self._input)
        names, rest = escape.process_keyqueue(codes, incomplete)
        self._input = self._input[len(codes) - len(rest) :]
        return list(names)

    def _keys(self, names: list[object]) -> Iterator[Key]:
        self._typed_at = -math.inf  # nothing pasted holds a key: what follows is typed again
        for name in names:
            if name == _PASTE_BEGIN:
                self._bracketed = True
            elif isinstance(name, str) and name != "end paste":
                yield Key(name)

    def _collect(self, text: str) -> None:
        self._paste += text[: PASTE_LIMIT + 1 - len(self._paste)]

    def _pasted(self) -> Iterator[Key | Paste]:
        text, burst = _NEWLINES.sub("\n", self._paste), not self._bracketed
        self._paste, self._bracketed = "", False
        if burst and (typed := _TYPED_AHEAD.fullmatch(text)):
            yield Paste(typed["line"])
            yield from (Key(_AS_KEY[each]) for each in typed["keys"])
        elif text:
            yield Paste(text)


def _cut_mark(text: str) -> int:
    """Return how many characters at the end of the text may begin the mark that ends a paste."""
    sizes = range(min(len(text), len(_PASTE_END) - 1), 0, -1)
    return next((size for size in sizes if _PASTE_END.startswith(text[-size:])), 0)
