"""Owns what a view is: one of the pictures between the title line and the foot line.

The parameters are home; radio, log, help and receipt are reached by a function key or the menu.
"""

from typing import Protocol

import urwid


class View(Protocol):
    """One view; it lives as long as its session, whether it is shown or not."""

    @property
    def name(self) -> str:
        """What the menu calls it."""

    def keys(self) -> str:
        """The keys that work here, for the foot line; 78 columns at the most."""

    def refresh(self) -> None:
        """Take over the unit's state; once a second while it is shown, and before it is."""

    def press(self, key: str) -> None:
        """Take a key, by urwid's name, or a printable character."""

    def insert(self, text: str) -> None:
        """Take a paste."""

    def compose(self, size: tuple[int, int]) -> urwid.Widget:
        """Return the box widget for so many columns and rows: 80 and 22 at the least."""
