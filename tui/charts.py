"""Owns charts drawn with characters: pure, generic, a text a row, the highest row first.

On a terminal without UTF-8 each block has a stand-in of more or less ink (tui.screen).
"""

from collections.abc import Sequence

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_FULL, _REST = "█", "·"
_STEPS = len(_EIGHTHS) - 1  # of one character


def sparkline(values: Sequence[int], width: int, rows: int = 1) -> tuple[str, ...]:
    """The last `width` values, a column each, the newest at the right end."""
    return tuple(row.rjust(width) for row in _columns(values[-width:], rows))


def histogram(counts: Sequence[int], column_width: int, rows: int) -> tuple[str, ...]:
    """All counts, each so many characters wide."""
    return tuple(
        "".join(character * column_width for character in row) for row in _columns(counts, rows)
    )


def bar(share: float, width: int) -> str:
    """A bar of which a share (0 to 1, beyond is cut off) is full."""
    full = round(min(max(share, 0), 1) * width)
    return _FULL * full + _REST * (width - full)


def _columns(values: Sequence[int], rows: int) -> list[str]:
    """A character a value; the greatest fills all rows, none but 0 is drawn as nothing."""
    greatest = max(values, default=0)
    heights = [-(-value * rows * _STEPS // greatest) if value else 0 for value in values]
    return [
        "".join(_EIGHTHS[min(max(height - below, 0), _STEPS)] for height in heights)
        for below in range((rows - 1) * _STEPS, -1, -_STEPS)
    ]
