"""The title line and the foot line around a view."""

from dataclasses import replace

import pytest
import urwid

from appliance.status import RadioState, Status
from tests.tui.pictures import STATUS, looks
from tui.frame import SMALLEST, appeal, body_size, framed, too_small


def rows(
    status: Status = STATUS,
    name: str = "Radio",
    keys: str = "Esc back",
    size: tuple[int, int] = SMALLEST,
) -> list[str]:
    """Return what the frame around a view of dots looks like."""
    canvas = framed(urwid.SolidFill("."), status, name, keys).render(size, focus=True)
    return [row.decode() for row in canvas.text]


def test_the_title_tells_unit_view_broker_cache_and_radio() -> None:
    """In words, so that no colour is needed."""
    title = rows()[0]
    assert title.startswith(" Radio · unit KAM73471100 ")
    assert title.endswith(" broker connected   cache 1234   radio receiving ")


def test_at_home_no_view_is_named() -> None:
    """There it is the unit itself."""
    assert rows(name="")[0].startswith(" Concentrator KAM73471100 ")


def test_the_title_says_how_long_a_retry_takes() -> None:
    """Who waits wants to know for how long."""
    broker = replace(STATUS.broker, state="waiting", retry_in_s=4.4)
    assert " ! broker waiting 4 s   cache" in rows(replace(STATUS, broker=broker))[0]


@pytest.mark.parametrize("state", ["silent", "unavailable"])
def test_what_is_not_well_has_a_sign_and_a_look(state: RadioState) -> None:
    """Seen from across the room; what is well has neither."""
    status = replace(STATUS, radio=replace(STATUS.radio, state=state))
    title = framed(urwid.SolidFill("."), status, "", "").render(SMALLEST)
    assert title.text[0].decode().endswith(f" cache 1234   ! radio {state} ")
    assert "warning" in looks(title)
    assert "warning" not in looks(framed(urwid.SolidFill("."), STATUS, "", "").render(SMALLEST))


def test_the_longest_states_leave_room_for_the_name() -> None:
    """The states are never cut; a serial number of 32 characters gives way."""
    status = replace(
        STATUS,
        unit=replace(STATUS.unit, serial_number="9" * 32),
        broker=replace(STATUS.broker, state="waiting", retry_in_s=64.9),
        cache=replace(STATUS.cache, frames=5_000_000),
        radio=replace(STATUS.radio, state="unavailable"),
    )
    title = rows(status, "Log")[0]
    assert len(title) == SMALLEST[0]
    assert title.startswith(" Log · unit 9")
    assert title.endswith("… ! broker waiting 65 s   cache 5000000   ! radio unavailable ")


def test_the_foot_names_the_keys() -> None:
    """As the view says."""
    assert rows(keys="Up/Down scroll")[-1].rstrip() == " Up/Down scroll"


@pytest.mark.parametrize("size", [(80, 24), (81, 25), (132, 43), (500, 200)])
@pytest.mark.parametrize("keys", ["", "k" * 600])
def test_the_view_gets_what_is_left(size: tuple[int, int], keys: str) -> None:
    """All but two lines, and neither of these ever takes a second one."""
    status = replace(STATUS, unit=replace(STATUS.unit, serial_number="9" * 600))
    shown = rows(status, "Name", keys, size)
    columns, lines = body_size(size)
    assert shown[1:-1] == ["." * columns] * lines
    assert (columns, lines + 2) == size


def test_a_serial_number_cannot_write_on_the_terminal() -> None:
    """It comes from a file: what is not printable is not shown."""
    status = replace(STATUS, unit=replace(STATUS.unit, serial_number="a\x1b]0;b\x07\u202ec"))
    assert rows(status)[0].startswith(" Radio · unit a]0;bc ")


@pytest.mark.parametrize(
    ("size", "small"),
    [((80, 24), False), ((79, 24), True), ((80, 23), True), ((1, 1), True), ((500, 200), False)],
)
def test_less_than_80_by_24_is_too_small(size: tuple[int, int], small: bool) -> None:
    """Interfaces, section 7."""
    assert too_small(size) is small


@pytest.mark.parametrize("size", [(79, 24), (40, 12), (500, 3), (7, 2), (1, 1)])
def test_the_appeal_fills_what_there_is(size: tuple[int, int]) -> None:
    """It begins with what is needed, as far as that fits."""
    canvas = appeal(size).render(size)
    assert (canvas.cols(), canvas.rows()) == size
    words = "".join("".join(row.decode() for row in canvas.text).split())
    assert "Thisscreenneeds80×24".startswith(words[:20])  # noqa: RUF001
