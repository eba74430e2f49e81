"""Owns the menu: everything the function keys do, for terminals that have none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import urwid

from tui.widgets import Clickable

_WIDTH = 38


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry: a letter that chooses it, its words, the key that does the same elsewhere."""

    letter: str
    words: str
    key: str
    act: Callable[[], None]


class Menu:
    """A list of choices over a view, of which one is acted upon; closed by whoever opened it."""

    def __init__(self, choices: Sequence[Choice], close: Callable[[], None]) -> None:
        self._choices = choices
        self._close = close
        self._chosen = 0

    def press(self, key: str) -> None:
        """Move, act, or close: arrows, Enter, a choice's letter or key, Esc."""
        match key:
            case "up" | "shift tab":
                self._chosen = (self._chosen - 1) % len(self._choices)
            case "down" | "tab":
                self._chosen = (self._chosen + 1) % len(self._choices)
            case "home" | "end":
                self._chosen = 0 if key == "home" else len(self._choices) - 1
            case "enter":
                self._act(self._choices[self._chosen])
            case "esc" | "f10":
                self._close()
            case _:
                written = key.lower().replace("ctrl ", "^")
                for each in self._choices:
                    if written in (each.letter, each.key.lower()):
                        self._act(each)

    def compose(self, below: urwid.Widget) -> urwid.Widget:
        """Return the menu over the widget below it, a click upon which closes it."""
        rows = [self._row(number, each) for number, each in enumerate(self._choices)]
        body: list[Any] = [("pack", each) for each in rows]
        box = urwid.LineBox(urwid.Filler(urwid.Pile(body), "top"), title="Menu")
        height = len(self._choices) + 2
        menu = urwid.AttrMap(box, "menu")
        overlay = urwid.Overlay(menu, below, "center", _WIDTH, "middle", height)
        urwid.connect_signal(overlay, "click outside", lambda _: self._close())
        return overlay

    def _row(self, number: int, choice: Choice) -> urwid.Widget:
        chosen = number == self._chosen
        words = f"{'>' if chosen else ' '} {choice.letter.upper()}  {choice.words}"
        text = f"{words:{_WIDTH - 2 - 8}}{choice.key:>7} "
        row = urwid.AttrMap(urwid.Text(text, wrap="clip"), "menu chosen" if chosen else "menu")
        return Clickable(row, lambda: self._act(choice))

    def _act(self, choice: Choice) -> None:
        self._close()
        choice.act()
