"""Takes the pictures of the screen from the running demo: `make pictures`."""

import asyncio
import re
import tempfile
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

import pyte

from tests.support.concentrator_process import Program
from tests.support.ssh_client import SshTerminal

ENOUGH = 20  # frames on either side of a walk test
HERE = Path(__file__).parent

WIDTH, HEIGHT, FONT_SIZE, MARGIN = 9.0, 18, 15, 10  # of a character, in pixels
COLOURS = {
    "black": "#1b1d23", "red": "#e06c75", "green": "#7ec470", "brown": "#e5c07b",
    "blue": "#3d6fb4", "magenta": "#c678dd", "cyan": "#56b6c2", "white": "#d0d4dc",
    "brightblack": "#7a8190", "brightwhite": "#ffffff",
}  # fmt: skip


def picture(received: bytes, name: str, columns: int, rows: int) -> None:
    """Writes what a terminal shows that has received these bytes to docs/`name`.svg."""
    screen = pyte.Screen(columns, rows)
    pyte.ByteStream(screen).feed(received)
    width, height = columns * WIDTH + 2 * MARGIN, rows * HEIGHT + 2 * MARGIN
    fonts = "DejaVu Sans Mono, Menlo, Consolas, monospace"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}">',
        f'<g font-family="{fonts}" font-size="{FONT_SIZE}">',
        f'<rect width="{width:g}" height="{height}" rx="6" fill="{COLOURS["black"]}"/>',
    ]
    for row in range(rows):
        lines += _row([screen.buffer[row][column] for column in range(columns)], row)
    (HERE / f"{name}.svg").write_text("\n".join([*lines, "</g>", "</svg>", ""]))


def _row(cells: list[pyte.screens.Char], row: int) -> list[str]:
    """A row's backgrounds and words; each word is stretched to its place, whatever the font."""
    column, top, drawn = 0, MARGIN + row * HEIGHT, []
    for style, run in groupby(cells, _style):
        text = "".join(cell.data for cell in run)
        fore, back, bold = style
        if back != COLOURS["black"]:
            drawn.append(
                f'<rect x="{MARGIN + column * WIDTH:g}" y="{top}" '
                f'width="{len(text) * WIDTH:g}" height="{HEIGHT}" fill="{back}"/>'
            )
        drawn += (
            f'<text x="{MARGIN + (column + word.start()) * WIDTH:g}" y="{top + 14}" '
            f'fill="{fore}" textLength="{len(word[0]) * WIDTH:g}" '
            f'lengthAdjust="spacingAndGlyphs"{bold}>{escape(word[0])}</text>'
            for word in re.finditer(r"\S+", text)
        )
        column += len(text)
    return drawn


def _style(cell: pyte.screens.Char) -> tuple[str, str, str]:
    """Foreground, background, and SVG's word for bold."""
    fore = COLOURS["white"] if cell.fg == "default" else COLOURS[cell.fg]
    back = COLOURS["black"] if cell.bg == "default" else COLOURS[cell.bg]
    bold = ' font-weight="bold"' if cell.bold else ""
    return (back, fore, bold) if cell.reverse else (fore, back, bold)


class Camera:
    """A technician at a terminal of that size, taking pictures."""

    def __init__(self, screen: SshTerminal, columns: int, rows: int) -> None:
        self.screen = screen
        self._size = columns, rows

    async def take(self, name: str, wanted: str, *keys: str) -> None:
        """Presses the keys, waits for what is wanted, and takes a picture of it."""
        self.screen.key(*keys)
        await self.screen.wait_for(wanted)
        picture(self.screen.received, name, *self._size)


async def small(port: int, password: str) -> None:
    """The views at 80 by 24, as on any terminal."""
    async with SshTerminal(port, password) as screen:
        camera = Camera(screen, 80, 24)
        await screen.wait_for("radio receiving")
        screen.key("down", "down")
        await screen.wait_for("device/00000000/data")
        screen.type("2")
        await camera.take("screen", "+ valid")
        screen.key("tab", "tab", "enter")
        await screen.wait_for("Saved: ")
        await camera.take("activated", "confirmed by the broker", "tab", "enter")
        await camera.take("certificate", "years left", "tab", *["down"] * 4)
        await camera.take("menu", "> P", "esc")
        await camera.take("help", "Where to find it", "h")
        await camera.take("log", "activated by", "f3")
        await camera.take("receipt", "COMMISSIONING RECEIPT", "f4")
        await camera.take("history", "newest first", "f5")
        screen.key("esc")
        await screen.wait_for("<Activate>")
        screen.key(*["up"] * 12)
        screen.type("x")
        screen.key("tab", "tab", "enter")
        await screen.wait_for("Not saved")
        screen.key("tab", "tab", "ctrl u")
        screen.type("ssl://brokr.localhost:1")
        await screen.wait_for("+ valid")
        screen.key("tab", "tab", "enter")
        await screen.wait_for("Saved: ")
        await camera.take("failed", "<Keep anyway>", "tab", "enter")


async def large(port: int, password: str) -> None:
    """A walk test on a larger terminal."""
    async with SshTerminal(port, password, columns=120, rows=40) as screen:
        camera = Camera(screen, 120, 40)
        await screen.wait_for("radio receiving")
        screen.key("f2")
        await screen.wait_for(_heard("before"), timeout=60)
        screen.key("m")
        await screen.wait_for("Marked.")
        screen.key("b")
        await screen.wait_for(_heard("after"), timeout=60)
        await camera.take("radio", "Walk test")


def _heard(side: str) -> Callable[[str], bool]:
    """Whether enough frames were heard on that side of the mark."""
    group = 1 if side == "before" else 2

    def enough(text: str) -> bool:
        found = re.search(r"frames +(\d+) +(\d+)?", text)
        return bool(found and found[group] and int(found[group]) >= ENOUGH)

    return enough


async def main() -> None:
    """The demo, a technician at a terminal, and what he sees."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "demo.toml").write_text("[ssh]\nport = 0\n")
        demo = Program("demo", "--settings", "demo.toml", directory=Path(directory))
        with demo:
            port = int(demo.find(r"ssh -p (\d+)"))
            password = demo.find(r"Password: +(\S+)")
            await large(port, password)
            await small(port, password)
            demo.stop()


asyncio.run(main())
