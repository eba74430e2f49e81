import pytest
import urwid

from tui.palette import PALETTE

# The eight colours of terminals as they come, and what bold makes of them where it brightens.
XTERM = ("000000", "cd0000", "00cd00", "cdcd00", "0000ee", "cd00cd", "00cdcd", "e5e5e5")
VGA = ("000000", "aa0000", "00aa00", "aa5500", "0000aa", "aa00aa", "00aaaa", "aaaaaa")
VGA_BOLD = ("555555", "ff5555", "55ff55", "ffff55", "5555ff", "ff55ff", "55ffff", "ffffff")
PUTTY = ("000000", "bb0000", "00bb00", "bbbb00", "0000bb", "bb00bb", "00bbbb", "bbbbbb")
TERMINALS = {"xterm": (XTERM, XTERM), "console": (VGA, VGA_BOLD), "PuTTY": (PUTTY, VGA_BOLD)}
GROUNDS = {"dark": ("aaaaaa", "000000"), "light": ("000000", "ffffff")}  # text and background
READABLE = 3.0  # WCAG 2, 1.4.3: the least for large text, and for what charts are made of (1.4.11)

NEEDED = {"ok", "warning", "error", "bar", "bar weak", "menu", "menu chosen", "key"}
NEEDED |= {"invalid", "edited", "pending", "active"}


def luminance(colour: str) -> float:
    """Return the relative luminance of an sRGB colour (WCAG 2)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("terminal", TERMINALS)
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize(("name", "foreground", "background"), [entry[:3] for entry in PALETTE])
def test_every_look_is_readable(
    name: str, foreground: str, background: str, ground: str, terminal: str
) -> None:
    """On dark and on light, whatever the terminal's idea of its colours is."""
    look = urwid.AttrSpec(foreground, background, 16)
    text, behind = GROUNDS[ground]
    colours, bold = TERMINALS[terminal]
    if look.foreground_basic:
        text = (bold if look.bold else colours)[look.foreground_number]
    if look.background_basic:
        behind = colours[look.background_number]
    assert contrast(text, behind) >= READABLE


def test_every_look_is_defined_once_and_there_are_those_the_views_need() -> None:
    """Also for a terminal in one colour, which has bold and standout."""
    names = [name for name, *_ in PALETTE]
    assert len(set(names)) == len(names)
    assert set(names) >= NEEDED
    for *_, monochrome in PALETTE:
        assert monochrome in ("default", "bold", "standout")


@pytest.mark.parametrize("pair", [("item", "chosen"), ("menu", "menu chosen"), ("item", "invalid")])
def test_in_one_colour_too_what_is_chosen_or_wrong_stands_out(pair: tuple[str, str]) -> None:
    """A sign tells the same, but is less quickly seen."""
    monochrome = {name: look for name, _, _, look in PALETTE}
    assert monochrome[pair[0]] != monochrome[pair[1]]


def test_bright_colours_are_not_used() -> None:
    """What they look like, and whether bold makes others bright, differs too much."""
    for _, foreground, background, _ in PALETTE:
        look = urwid.AttrSpec(foreground, background, 16)
        assert not look.foreground_basic or look.foreground_number < 8
        assert not look.background_basic or look.background_number < 8
