"""Takes the pictures of the screen from the running demo: `make pictures`."""

import asyncio
import re
import tempfile
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

import pyte

from tests.support.concentrator_process import Program
from tests.support.ssh_client import SshTerminal

COLUMNS, ROWS = 80, 24
HERE = Path(__file__).parent

WIDTH, HEIGHT, FONT_SIZE, MARGIN = 9.0, 18, 15, 10  # of a character, in pixels
COLOURS = {
    "black": "#1b1d23", "red": "#e06c75", "green": "#7ec470", "brown": "#e5c07b",
    "blue": "#3d6fb4", "magenta": "#c678dd", "cyan": "#56b6c2", "white": "#d0d4dc",
    "brightblack": "#7a8190", "brightwhite": "#ffffff",
}  # fmt: skip


def picture(received: bytes, name: str) -> None:
    """Writes what a terminal shows that has received these bytes to docs/`name`.svg."""
    screen = pyte.Screen(COLUMNS, ROWS)
    pyte.ByteStream(screen).feed(received)
    width, height = COLUMNS * WIDTH + 2 * MARGIN, ROWS * HEIGHT + 2 * MARGIN
    fonts = "DejaVu Sans Mono, Menlo, Consolas, monospace"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}">',
        f'<g font-family="{fonts}" font-size="{FONT_SIZE}">',
        f'<rect width="{width:g}" height="{height}" rx="6" fill="{COLOURS["black"]}"/>',
    ]
    for row in range(ROWS):
        lines += _row([screen.buffer[row][column] for column in range(COLUMNS)], row)
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


async def main() -> None:
    """The demo, a technician at a terminal, and what he sees."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "demo.toml").write_text("[ssh]\nport = 0\n")
        demo = Program("demo", "--settings", "demo.toml", directory=Path(directory))
        with demo:
            port = int(demo.find(r"ssh -p (\d+)"))
            async with SshTerminal(port, demo.find(r"Password: +(\S+)")) as technician:
                await technician.wait_for("radio receiving")
                technician.key("down", "down")
                await technician.wait_for("device/00000000/data")
                technician.type("2")
                await technician.wait_for("edited, not saved")
                picture(technician.received, "screen")
                technician.key("tab", "tab", "enter")
                await technician.wait_for("Saved: ")
                technician.key("tab", "enter")
                await technician.wait_for("confirmed by the broker")
                picture(technician.received, "activated")
                technician.key("tab", *["down"] * 4)
                await technician.wait_for("days left")
                picture(technician.received, "certificate")
            demo.stop()


asyncio.run(main())
