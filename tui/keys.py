"""Bytes from a terminal in, presses, mouse events and pasted text out; pure, told the time.

What is guaranteed:

- A bracketed paste comes whole, and is text whatever is in it, however it was cut on its way: with
  up to _SEQUENCE_WAIT_S of silence within its marks and _PASTE_WAIT_S within its text. Beyond that
  it comes in pieces, but still as text, up to its end mark, or until a press comes all by itself.
- A bare paste is text as long as it is a burst: begun by two characters in one read or within
  _RAPID_S, and no gap of _BURST_WAIT_S since. One cut by longer gaps comes as several bursts; only
  a read between them that is a single character, or nothing but TABs and newlines, is taken for
  keys. A text without TABs therefore never leaves its field, and presses nothing.
- An escape sequence is a key, a mouse event or nothing: torn or absurd, it never becomes text.
- No more than PASTE_LIMIT characters and LONGEST bytes are ever held.

Bytes that are not UTF-8 become U+FFFD.
"""

import codecs
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tui.sequences import LONGEST, PASTE_BEGIN, Mouse, measure, read

__all__ = ["PASTE_LIMIT", "Key", "KeyDecoder", "Mouse", "Paste"]

# Longest paste taken: the longest value there is, in MQTT's terms. One character more is kept,
# so that a longer one shows as such.
PASTE_LIMIT = 65_535

# Silence that makes a lone ESC the Esc key: longer than a sequence torn on its way mostly takes.
_ESCAPE_WAIT_S = 0.2
# Silence after which a sequence that has begun is given up, and an ESC that was taken for the Esc
# key can no longer turn out to have begun the mark of a paste.
_SEQUENCE_WAIT_S = 1.0
# Silence that ends a burst. A burst is handed on, and so shown, only then: whoever waits to see
# the text before pressing TAB is always late enough for TAB to be a key.
_BURST_WAIT_S = 0.05
# Characters following each other faster than this were not typed: keys repeat every 30 ms.
_RAPID_S = 0.005
# Silence after which what came of a bracketed paste is handed on without its end mark.
_PASTE_WAIT_S = 5.0
# Terminals without bracketed paste may send a text line by line; for so long after several lines
# nobody types ahead.
_LINES_WAIT_S = 1.0

_PASTE_END = b"\x1b[201~"
_REST_OF_BEGIN_MARK = b"[200~"
# What may stand in a text; everything else is a key or the beginning of one.
_TEXT = re.compile(rb"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_C1_CONTROLS = re.compile(r"[\x80-\x9f]+")
_NEWLINES = re.compile(r"\r\n?")
_AS_KEY = {"\n": "enter", "\t": "tab"}
# One line and then keys, beginning with TAB: somebody faster than the network, or a script. A
# paste would have to end in TABs to be taken for it, and in two and a newline to press a button.
_TYPED_AHEAD = re.compile(r"(?P<line>[^\t\n]+)(?P<keys>\t+|\t{2,}\n)")


@dataclass(frozen=True, slots=True)
class Key:
    """One key press: a printable character, or a key by urwid's name for it ("page up")."""

    name: str


@dataclass(frozen=True, slots=True)
class Paste:
    r"""Text that came in one go, its newlines as "\n"; kept out of the repr, may be a secret."""

    text: str = field(repr=False)


class KeyDecoder:
    """Cuts one terminal's bytes into presses, pastes and mouse events."""

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._input = bytearray()  # not understood yet: at most the beginning of a sequence
        self._paste = ""
        self._bracketed = False  # between the marks; otherwise a non-empty _paste is a burst
        self._stalled = False  # within the marks, but silent for so long that it may be over
        self._late = False  # the ESC that _input begins with was handed on as the Esc key
        self._return = False  # the last character of a text was CR: LF is no other newline
        self._typed_at = -math.inf
        self._lines_at = -math.inf
        self._escaped_at = -math.inf

    @property
    def wait(self) -> float | None:
        """Seconds of silence after which `timeout` is to be called; None: nothing is pending."""
        if self._bracketed and not self._stalled:
            return _PASTE_WAIT_S
        if self._input and not self._bracketed:
            lone = len(self._input) <= 2 and self._input != b"\x1b["
            return _ESCAPE_WAIT_S if lone else _SEQUENCE_WAIT_S
        return _BURST_WAIT_S if self._paste else None

    def feed(self, data: bytes, now: float) -> list[Key | Paste | Mouse]:
        """Take bytes that arrived at `now` (seconds of any steady clock)."""
        if self._stalled and self._is_over(data):
            self._bracketed = self._stalled = False
            self._input.clear()
        if self._is_late(data, now):
            self._late = True
            self._input += b"\x1b"
        self._input += data
        return list(self._presses(now, more=True))

    def timeout(self, now: float) -> list[Key | Paste | Mouse]:
        """Take it that nothing more belongs to what came so far."""
        if self._bracketed:
            self._stalled = True
            return list(self._pasted(now))
        if self._late:
            self._late = False
            del self._input[0]
        elif self._input == b"\x1b":
            self._escaped_at = now
        return [*self._presses(now, more=False), *self._pasted(now)]

    def _is_over(self, data: bytes) -> bool:
        """Say whether a press came where more of a paste, or its end mark, was due."""
        if _PASTE_END.startswith(self._input + data):
            return False
        alone = data[:1] == b"\x1b" and measure(data) == len(data)
        return alone or len(data.decode("utf-8", "replace")) == 1

    def _is_late(self, data: bytes, now: float) -> bool:
        """Say whether this goes on with the mark of a paste, whose ESC was taken for a key."""
        if not data or self._input or self._bracketed or now - self._escaped_at > _SEQUENCE_WAIT_S:
            return False
        return data.startswith(_REST_OF_BEGIN_MARK) or _REST_OF_BEGIN_MARK.startswith(data)

    def _presses(self, now: float, *, more: bool) -> Iterator[Key | Paste | Mouse]:
        while self._input:
            if self._bracketed:
                if not self._read_bracketed():
                    return
                yield from self._pasted(now)
            elif text := _TEXT.match(self._input):
                yield from self._read_text(self._utf8.decode(self._take(text.end())), now)
            else:
                yield from self._read_text(self._utf8.decode(b"", final=True), now)
                size = measure(self._input) if self._input[0] == 0x1B else 1
                if size is None and more:
                    del self._input[LONGEST:-1]  # the last byte may be half of an end
                    return
                yield from self._read_key(self._take(size or len(self._input)), now)

    def _take(self, size: int) -> bytes:
        data = bytes(self._input[:size])
        del self._input[:size]
        return data

    def _read_bracketed(self) -> bool:
        """Move text into the paste; say whether its end mark came."""
        end = self._input.find(_PASTE_END)
        # The mark itself may be cut in two: its beginning waits for the rest.
        size = end if end >= 0 else len(self._input) - _cut_mark(self._input)
        self._collect(self._utf8.decode(self._take(size), final=end >= 0))
        if end >= 0:
            self._stalled = False
            self._take(len(_PASTE_END))
        return end >= 0

    def _read_text(self, text: str, now: float) -> Iterator[Key]:
        """Sort a run of text characters into keys, or into the burst they belong to."""
        text = _C1_CONTROLS.sub("", text)
        typed = not text.isspace() or " " in text
        rapid = now - self._typed_at < _RAPID_S
        if text and typed:
            self._typed_at = now
        if self._paste or rapid or (typed and len(text) > 1):
            self._collect(text)
            return
        for character in self._unify_newlines(text):
            yield Key(_AS_KEY.get(character, character))

    def _read_key(self, sequence: bytes, now: float) -> Iterator[Key | Paste | Mouse]:
        yield from self._pasted(now)
        late, self._late = self._late, False
        self._return = False
        # Nothing pasted holds a key: what follows is typed again.
        self._typed_at = self._lines_at = -math.inf
        presses = read(sequence)
        if late and not presses:
            yield from self._read_text(sequence[1:].decode(), -math.inf)  # typed before
        for press in presses:
            if press == PASTE_BEGIN:
                self._bracketed = True
            else:
                yield press if isinstance(press, Mouse) else Key(press)

    def _collect(self, text: str) -> None:
        self._paste += text[: PASTE_LIMIT + 1 - len(self._paste)]

    def _pasted(self, now: float) -> Iterator[Key | Paste]:
        """Hand on what was collected; within the marks of a paste that has stalled, a piece."""
        burst, self._bracketed = not self._bracketed, self._stalled
        text, self._paste = self._unify_newlines(self._paste), ""
        ahead = _TYPED_AHEAD.fullmatch(text) if burst else None
        if ahead and now - self._lines_at > _LINES_WAIT_S:
            yield Paste(ahead["line"])
            yield from (Key(_AS_KEY[each]) for each in ahead["keys"])
        elif text:
            yield Paste(text)
        if burst and "\n" in text:
            self._lines_at = now

    def _unify_newlines(self, text: str) -> str:
        r"""Return the text with "\n" for each newline, also for one that came in two pieces."""
        if not text:
            return ""
        if self._return and text[0] == "\n":
            text = text[1:]
        self._return = text.endswith("\r")
        return _NEWLINES.sub("\n", text)


def _cut_mark(data: bytes | bytearray) -> int:
    """Return how many bytes at the end of the data may begin the mark that ends a paste."""
    sizes = range(min(len(data), len(_PASTE_END) - 1), 0, -1)
    return next((size for size in sizes if _PASTE_END.startswith(data[-size:])), 0)
