"""Owns what stands around every view: the title line with the unit's state, and the foot line."""

import urwid

from appliance.status import BrokerStatus, Status
from tui.widgets import printable

SMALLEST = (80, 24)  # columns and rows


def too_small(size: tuple[int, int]) -> bool:
    """Say whether a terminal of that size is too small for the screen."""
    return size[0] < SMALLEST[0] or size[1] < SMALLEST[1]


def appeal(size: tuple[int, int]) -> urwid.Widget:
    """Return what a terminal that is too small shows instead."""
    words = f"This screen needs 80×24, yours is {size[0]}×{size[1]}: enlarge the window."  # noqa: RUF001
    return urwid.Filler(urwid.Text(words, align="center"))


def framed(body: urwid.Widget, status: Status, name: str, keys: str) -> urwid.Widget:
    """Return the view `name`, "" at home, with the title line above it and its keys below."""
    foot = urwid.AttrMap(urwid.Text(f" {keys}", wrap="clip"), "help")
    return urwid.Pile([("pack", _title(status, name)), body, ("pack", foot)], focus_item=1)


def body_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the columns and rows that are left for a view."""
    return size[0], size[1] - 2


def _title(status: Status, name: str) -> urwid.Widget:
    broker, radio = status.broker, status.radio
    all_well = broker.state != "waiting" and not broker.trouble
    facts = [
        _fact(f"broker {_broker_words(broker)}", well=all_well),
        "   ",
        f"cache {status.cache.frames}",
        "   ",
        _fact(f"radio {radio.state}", well=radio.state == "receiving"),
        " ",
    ]
    serial_number = printable(status.unit.serial_number)
    unit = f" {name} · unit {serial_number}" if name else f" Concentrator {serial_number}"
    columns = urwid.Columns(
        [
            urwid.Text(unit, wrap="ellipsis"),
            ("pack", urwid.Text(facts)),
        ],
        dividechars=1,
    )
    return urwid.AttrMap(columns, "title")


def _fact(words: str, *, well: bool) -> str | tuple[str, str]:
    """Return the words; where all is not well with a sign too, since colour alone tells nothing."""
    return words if well else ("warning", f"! {words}")


def _broker_words(broker: BrokerStatus) -> str:
    if broker.retry_in_s is None:
        return broker.state
    return f"{broker.state} {broker.retry_in_s:.0f} s"
