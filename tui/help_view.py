"""Owns the help view: what the selected parameter means and where its value is found, and the keys.

Left and right turn the pages and take the selection along: whoever has read what a parameter means
is back at that one.
"""

from collections.abc import Callable, Iterator

import urwid

from appliance.parameters.catalogue import CATALOGUE, Kind, parameter
from appliance.parameters.guidance import GUIDANCE, SERVICES
from tui.reader import Line, Reader

_KINDS = {
    Kind.LINE: "one line of text",
    Kind.TEXT: "text, also of several lines",
    Kind.PEM: "PEM, to be pasted",
}
_LEAD = max(map(len, SERVICES)) + 3  # columns for the name of a service

_KEYS = {
    "Among the parameters": (
        ("Up, Down", "choose a parameter"),
        ("type, paste", "into the field of the parameter that is chosen"),
        ("Left, Right", "move in the field, with Ctrl by words; Home, End: by lines"),
        ("PgUp, PgDn", "scroll a long value"),
        ("Ctrl-Z, Ctrl-Y", "take the last change of the field back, and do it again"),
        ("Ctrl-U, -K, -W", "delete to the line's beginning, to its end, the word before"),
        ("Ctrl-R", "fill in the unsaved edits that are offered after the login"),
        ("TAB, Shift-TAB", "to the buttons and back; Left, Right: from one to the next"),
        ("Enter", "press the button; in a field of several lines: a new line"),
        ("= * ~ !", "active, saved and not active, edited, would be refused"),
    ),
    "Everywhere": (
        ("F1", "this help"),
        ("F2", "the radio: what the antenna hears, and a walk test"),
        ("F3", "the log: what the unit did"),
        ("F4", "the commissioning receipt"),
        ("F5", "earlier configurations, and the way back to one"),
        ("Esc, F10", "one step back, from the list into the menu; F10: the menu"),
        ("Ctrl-D", "leave; asks first where something is not saved"),
        ("mouse", "as expected; its right button hands it to your terminal"),
    ),
}


class HelpView:
    """Help on the selected parameter; `chosen` tells which that is, `choose` selects another."""

    name = "Help"

    def __init__(self, chosen: Callable[[], str], choose: Callable[[str], None]) -> None:
        self._chosen = chosen
        self._choose = choose
        self._reader = Reader()
        self._page = ""  # the key of the parameter shown
        self._on_keys = False

    def keys(self) -> str:
        """The keys that work here."""
        other = "k the parameter" if self._on_keys else "k keys of the screen"
        return f"Left/Right other parameter  {other}  PgUp/PgDn scroll  Esc back"

    def refresh(self) -> None:
        """Show the help on the parameter that is selected by now."""
        if (page := self._chosen()) != self._page:
            self._page, self._on_keys = page, False
            self._show()

    def press(self, key: str) -> None:
        """Turn a page, or scroll this one."""
        match key:
            case "left" | "right":
                self._turn(1 if key == "right" else -1)
            case "k" | "K":
                self._on_keys = not self._on_keys
                self._show()
            case _:
                self._reader.press(key)

    def insert(self, text: str) -> None:
        """Take no paste: nothing can be entered here."""

    def compose(self, size: tuple[int, int]) -> urwid.Widget:
        """Return the box widget for so many columns and rows."""
        return self._reader.compose(size)

    def _turn(self, pages: int) -> None:
        keys = [each.key for each in CATALOGUE]
        self._on_keys = False
        self._page = keys[(keys.index(self._page) + pages) % len(keys)]
        self._choose(self._page)
        self._show()

    def _show(self) -> None:
        self._reader.show(_keys() if self._on_keys else _help(self._page))
        self._reader.press("home")


def _help(key: str) -> Iterator[Line]:
    declared, guidance = parameter(key), GUIDANCE[key]
    number = [each.key for each in CATALOGUE].index(key) + 1
    kind = f"{'required' if declared.required else 'optional'}, {_KINDS[declared.kind]}"
    if declared.secret:
        kind += ", secret: never shown again once saved"
    yield Line(f"{declared.label}  ({number} of {len(CATALOGUE)})", "heading")
    yield Line(kind, "hint")
    yield Line()
    yield Line(declared.description)
    yield Line(guidance.meaning)
    yield Line()
    yield Line(guidance.rule, lead="Rule     ")
    yield Line(declared.example, lead="Example  ")
    yield Line()
    yield Line("Where to find it", "heading")
    for service in SERVICES:
        yield Line(guidance.where[service], lead=f"{service:{_LEAD}}")


def _keys() -> Iterator[Line]:
    for number, (title, rows) in enumerate(_KEYS.items()):
        if number:
            yield Line()
        yield Line(title, "heading")
        for key, words in rows:
            yield Line(words, lead=f"  {key:16}")
