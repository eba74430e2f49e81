"""Owns text for a terminal of any kind: nothing hidden in it, cut, folded and aligned to columns.

Whatever may come from outside (values, the broker's reasons, names in certificates) goes through
`printable` before it is shown: a control sequence or a bidirectional override would otherwise
reach the terminal.
"""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from appliance.hidden_characters import REPLACEMENT, is_hidden


def printable(text: str, keep: str = "") -> str:
    """Return `text` with every hidden character but those in `keep` visibly replaced."""
    return "".join(
        REPLACEMENT if is_hidden(character) and character not in keep else character
        for character in text
    )


def moment(at: float) -> str:
    """Return a time in Unix seconds as "2026-11-23 08:00:00 UTC"."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def columns(text: str) -> int:
    """Return how wide the text is on a terminal at most: wide characters take two columns."""
    return sum(1 + (unicodedata.east_asian_width(each) in "WF") for each in text)


def cut(text: str, most: int) -> str:
    """Return the text, where it is wider than `most` columns with an ellipsis for its end."""
    return text if _fitting(text, most) == len(text) else f"{text[: _fitting(text, most - 1)]}…"


def folded(text: str, most: int) -> list[str]:
    """Return the text in lines of at most `most` columns, broken behind a blank or a comma."""
    lines = []
    while (fits := _fitting(text, most)) < len(text):
        at = max(text.rfind(mark, 0, fits) for mark in " ,") + 1 or fits
        lines.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [*lines, text]


def aligned(rows: Sequence[Sequence[str]], narrowest: int = 0) -> str:
    """Return the rows as lines, each column as wide as its widest text or `narrowest`."""
    widths = [max(narrowest, *map(columns, column)) for column in zip(*rows, strict=True)]
    return "".join("  ".join(map(_padded, row, widths)).rstrip() + "\n" for row in rows)


def _fitting(text: str, most: int) -> int:
    """Return how many characters fit in `most` columns; a value may be far longer than a line."""
    width = 0
    for place, each in enumerate(text):
        width += columns(each)
        if width > most:
            return place
    return len(text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns(text))
