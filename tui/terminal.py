"""Owns what a screen asks of a terminal, and what the name in TERM lets it send there."""

import re
from dataclasses import dataclass, replace
from typing import Protocol


class Terminal(Protocol):
    """One terminal on the other end of a line."""

    @property
    def term(self) -> str:
        """The client's TERM, free of control characters."""

    @property
    def peer(self) -> str:
        """The client's address, for the log."""

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, within sane bounds."""

    async def next_event(self) -> bytes | tuple[int, int] | None:
        """Wait for bytes typed, a new size (columns, rows), or None: the line has gone."""

    def write(self, data: bytes) -> None:
        """Queue bytes for the terminal."""

    async def drain(self) -> None:
        """Wait until what was queued is on its way."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a terminal understands beyond placing the cursor, erasing, bold and standout.

    Nothing else is sent to it: it might be printed.
    """

    utf8: bool = False
    colours: bool = False  # the 16, of which 8 are used
    wrap_mode: bool = False  # DECAWM (?7): the last column of the last row need not scroll
    cursor_mode: bool = False  # DECTCEM (?25): the cursor can be hidden
    paste_mode: bool = False  # ?2004: what is pasted is marked
    buffers: bool = False  # ?1049: what was on the screen comes back
    mouse: bool = False  # ?1000, and where it is known ?1006


_PLAIN = Abilities()
_VT100 = replace(_PLAIN, wrap_mode=True)
_VT220 = replace(_VT100, cursor_mode=True)
# Its font has no box drawing for certain. What it does not know of private modes it ignores, as
# all since the VT100 do (console_codes(4)); pastes it marks since Linux 6.16.
_CONSOLE = replace(_VT220, colours=True, mouse=True, paste_mode=True)
_MODERN = Abilities(*[True] * 7)

# By how names begin, the first that fits. What they promise is what ncurses' terminfo says of
# them; a name that is not here is one of the many that are like xterm.
_FAMILIES = (
    (r"$|dumb|unknown|sun|wyse", _PLAIN),
    (r"ansi|cons|pcansi", replace(_PLAIN, colours=True)),
    (r"vt1|vt5\d(?!\d)|vt$", _VT100),
    (r"vt\d", _VT220),
    (r"linux", _CONSOLE),
)


def abilities(term: str) -> Abilities:
    """Return what the name promises; TERM is all that a client tells of its terminal."""
    name = term.lower()
    able = next((able for names, able in _FAMILIES if re.match(names, name)), _MODERN)
    return replace(able, colours=False) if name.endswith(("-m", "-mono")) else able
