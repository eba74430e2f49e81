"""Owns what a screen asks of a terminal, and what the name in TERM lets it send there."""

from typing import Protocol

# Names that promise no more than the VT100's repertoire, or less: drawn in ASCII.
_ASCII_FAMILIES = ("linux", "vt", "dumb", "ansi", "cons", "sun", "wyse", "unknown")
# Of these, the ones known to have colours all the same.
_COLOUR_FAMILIES = ("linux", "ansi", "cons")


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


def speaks_utf8(term: str) -> bool:
    """Say whether a terminal of that name shows UTF-8; TERM is all a client tells of it."""
    return bool(term) and not term.lower().startswith(_ASCII_FAMILIES)


def has_colours(term: str) -> bool:
    """Say whether a terminal of that name shows the 16 colours."""
    name = term.lower()
    if name.endswith(("-m", "-mono")):
        return False
    return speaks_utf8(name) or name.startswith(_COLOUR_FAMILIES)
