"""Escape sequences a terminal sends: where each ends, and which key or mouse event it is.

The grammar is ECMA-48's (control sequences, 5.4; control strings, 5.6) and what terminals send
beside it: SS3 keys, the Linux console's and rxvt's own, mouse reports (xterm, "Mouse Tracking").
Keys are named as urwid names them. What is none of these is nothing: it never becomes text.
"""

import re
from dataclasses import dataclass
from typing import Literal

from urwid.display import escape

# More of a sequence than this is not kept: a control string may be long, but not without end.
LONGEST = 4096
PASTE_BEGIN = "begin paste"

# A control string ends with ST, or, one that reports a colour or a title, with BEL. Those that no
# terminal answers with are Meta and a letter: somebody typing fast behind Esc must lose no more.
_WHOLE = re.compile(
    rb"""\x1b(?:
        \[ (?: M [^\x01-\x1f]{3}            # a mouse report: its bytes may be anything
             | \[ [@-~]                     # F1 to F5 of the Linux console
             | [0-9]{1,2} \$                # shifted keys of rxvt
             | (?![M\[]) [\x20-?]* [@-~] )
        | O [1-8]? [@-~]
        | \] [0-9lL] [^\x07\x18\x1a\x1b]* (?: \x07 | \x1b\\ )
        | (?: P [!-?] | _G ) [^\x18\x1a\x1b]* \x1b\\
        | (?! [\[O] | \] (?:[0-9lL]|\Z) | P (?:[!-?]|\Z) | _ (?:G|\Z) )
          (?: [\x00-\x1a\x1c-\x7f]
            | [\xc2-\xdf][\x80-\xbf] | [\xe0-\xef][\x80-\xbf]{2} | [\xf0-\xf4][\x80-\xbf]{3} ) )""",
    re.VERBOSE,
)
# The beginning of one; where it breaks off is where something else begins.
_BEGUN = re.compile(
    rb"""\x1b(?:
        \[ (?: M [^\x01-\x1f]{0,2} | \[ | [\x20-?]* )
        | O [1-8]?
        | \] (?: [0-9lL] [^\x07\x18\x1a\x1b]* (?: \x1b (?=\Z) )? )?
        | (?: P [!-?] | _G ) [^\x18\x1a\x1b]* (?: \x1b (?=\Z) )?
        | [P_]
        | [\xc2-\xf4][\x80-\xbf]{0,2} (?=\Z) )?""",
    re.VERBOSE,
)
_SGR_MOUSE = re.compile(rb"\x1b\[<(\d{1,4});(\d{1,5});(\d{1,5})([Mm])")

# Where urwid's table says otherwise or nothing: rxvt's Ctrl with an arrow, and the function keys
# of PuTTY's VT100+ mode from F5 on.
_NAMES = {
    b"\x1bOa": "ctrl up",
    b"\x1bOb": "ctrl down",
    b"\x1bOc": "ctrl right",
    b"\x1bOd": "ctrl left",
    **{f"\x1bO{letter}".encode(): f"f{n}" for n, letter in enumerate("TUVWXYZ[", start=5)},
}
# What a terminal tells, and nobody pressed.
_REPORTS = ("focus in", "focus out", "status ok", "end paste")

_MODIFIERS, _MOTION, _WHEEL, _EXTRA = 4 | 8 | 16, 32, 64, 128  # bits beside the button
_WHEEL_BUTTON = 2
_RELEASED = 3  # without saying which


@dataclass(frozen=True, slots=True)
class Mouse:
    """What a mouse did in the cell `column`, `row`, from 0 and perhaps beyond the screen.

    Buttons: 1 left, 2 middle and wheel, 3 right. A release that does not say of which is 1's.
    """

    kind: Literal["press", "release", "drag", "wheel up", "wheel down"]
    button: int
    column: int
    row: int


def measure(data: bytes | bytearray, start: int = 0) -> int | None:
    """Return the length of the sequence that begins at `start`, where there is an ESC.

    None where more of it may come. One that is torn ends where something else begins.
    """
    if data[start + 1 : start + 2] == b"\x1b":  # Meta with a key of several bytes; or Esc, and more
        if data[start + 2 : start + 3] == b"\x1b":
            return 1
        rest = measure(data, start + 1)
        return None if rest is None else rest + 1
    if whole := _WHOLE.match(data, start):
        return whole.end() - start
    begun = _BEGUN.match(data, start)
    end = begun.end() if begun else start + 1
    return None if end == len(data) else end - start


def read(sequence: bytes) -> list[str | Mouse]:
    """Return what a control character or a whole or torn sequence stands for: mostly one thing."""
    if sequence[:2] == b"\x1b\x1b":
        return _read_meta(read(sequence[1:]))
    if sequence[:3] == b"\x1b[M" or sequence[:3] == b"\x1b[<":
        mouse = _read_mouse(sequence)
        return [mouse] if mouse else []
    whole = _WHOLE.match(sequence + b"a")  # what some end with is that no string follows
    if len(sequence) > 1 and not (whole and whole.end() == len(sequence)):
        return []
    name = _NAMES.get(sequence) or _read_name(sequence)
    return [name] if name and name not in _REPORTS else []


def _read_name(sequence: bytes) -> str:
    """Return urwid's name for the key, "" where it has none."""
    if sequence[1:2] >= b"\x80":
        character = sequence[1:].decode("utf-8", "replace")
        return f"meta {character}" if character.isprintable() else ""
    names, rest = escape.process_keyqueue(list(sequence), more_available=False)
    name = names[0] if len(names) == 1 and not rest else ""
    return name if isinstance(name, str) and not name.startswith("<") else ""


def _read_meta(pressed: list[str | Mouse]) -> list[str | Mouse]:
    """Return what ESC before these stands for: Meta with a key, the Esc key with all else."""
    match pressed:
        case [str(key)] if key not in ("esc", PASTE_BEGIN) and not key.startswith("meta "):
            return [f"meta {key}"]
    return ["esc", *pressed]


def _read_mouse(sequence: bytes) -> Mouse | None:
    if numbers := _SGR_MOUSE.fullmatch(sequence):
        buttons, column, row = (int(number) for number in numbers.groups()[:3])
        return _mouse(buttons, column - 1, row - 1, released=numbers[4] == b"m")
    if len(sequence) != len(b"\x1b[Mbxy") or sequence[2:3] != b"M":
        return None
    buttons, column, row = (byte - 32 for byte in sequence[3:])
    return _mouse(buttons, column - 1, row - 1, released=buttons & ~_MODIFIERS == _RELEASED)


def _mouse(buttons: int, column: int, row: int, *, released: bool) -> Mouse | None:
    """Return the event; None for what no such mouse has: more buttons, cells before the first."""
    if buttons < 0 or buttons & _EXTRA or column < 0 or row < 0:
        return None
    button = buttons & 3
    if buttons & _WHEEL:
        if button > 1 or released:  # sideways; xterm never releases a wheel, others do
            return None
        return Mouse("wheel down" if button else "wheel up", _WHEEL_BUTTON, column, row)
    if button == _RELEASED:
        return Mouse("release", 1, column, row) if released else None
    kind: Literal["press", "release", "drag"] = "drag" if buttons & _MOTION else "press"
    return Mouse("release" if released else kind, button + 1, column, row)
