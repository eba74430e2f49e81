from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import pytest
import urwid

from appliance.parameters.catalogue import CATALOGUE
from appliance.status import (
    BrokerStatus,
    CacheStatus,
    ConfigurationStatus,
    RadioStatus,
    Status,
    UnitStatus,
)
from tui.entry import Entry
from tui.palette import PALETTE
from tui.view import Notice, Place, Scene, compose

STATUS = Status(
    UnitStatus("KAM73471100", "0.1.0", 12),
    RadioStatus("receiving", 10, 1, 0, datetime(2026, 1, 1, tzinfo=UTC), -87, None),
    CacheStatus(1234, 0, 0, 0, 4096),
    BrokerStatus("connected", "ssl://broker.localhost:8883", 1, 10, 10, None, None, None),
    ConfigurationStatus(None, ()),
)
LONG_ERROR = "the broker's certificate is not to be trusted: " + "for this and that reason, " * 9


def scene(**changes: object) -> Scene:
    """Return a scene of a healthy unit with nothing entered."""
    entries = tuple(Entry(each) for each in CATALOGUE)
    return replace(Scene(STATUS, entries, 0, Place.LIST, Notice("")), **changes)  # type: ignore[arg-type]


def rows(shown: Scene, size: tuple[int, int] = (80, 24)) -> list[str]:
    """Return what the scene looks like."""
    return [row.decode() for row in compose(shown, size).render(size, focus=True).text]


def test_twelve_labels_stand_in_their_order() -> None:
    """The list is the catalogue's (interfaces, section 3)."""
    left = [row[3:34].strip() for row in rows(scene())[2:14]]
    assert left == [each.label for each in CATALOGUE]


@pytest.mark.parametrize("number", range(len(CATALOGUE)))
def test_every_parameter_is_explained_in_full(number: int) -> None:
    """Label, description and example of each are all there at 80 by 24, and its field too."""
    shown = [row[35:].strip() for row in rows(scene(chosen=number))[2:16]]
    words = " ".join(shown)
    parameter = CATALOGUE[number]
    assert parameter.label in words
    assert parameter.description in words
    assert parameter.example in words
    assert any(row.startswith("┌") for row in shown)
    assert any(row.startswith("└") for row in shown)


def test_the_three_buttons_are_there() -> None:
    """Their text is fixed (interfaces, section 7)."""
    assert any("<Clear>  <Save>  <Activate>" in row for row in rows(scene()))


@pytest.mark.parametrize("size", [(80, 24), (81, 25), (100, 24), (80, 60), (132, 43), (500, 200)])
@pytest.mark.parametrize("place", Place)
def test_any_size_is_filled_exactly(size: tuple[int, int], place: Place) -> None:
    """Larger terminals use the room, whatever has the focus and however long the texts."""
    for number in range(len(CATALOGUE)):
        shown = scene(chosen=number, place=place, notice=Notice(LONG_ERROR, "refused"))
        shown.entries[number].insert("a long value 水 " * 50)
        canvas = compose(shown, size).render(size, focus=True)
        assert (canvas.cols(), canvas.rows()) == size
        assert canvas.cursor is not None


@pytest.mark.parametrize("size", [(79, 24), (80, 23), (1, 1), (40, 12), (500, 3)])
def test_a_terminal_that_is_too_small_is_told_so(size: tuple[int, int]) -> None:
    """The words name both sizes."""
    shown = "".join("".join(rows(scene(), size)).split())
    assert shown.startswith("Thisscreenneeds80×24"[: size[0] * size[1]])  # noqa: RUF001


def test_a_long_refusal_is_wrapped_and_not_cut() -> None:
    """All words of an error are there to be read."""
    shown = " ".join(" ".join(rows(scene(notice=Notice(LONG_ERROR, "refused")))).split())
    assert LONG_ERROR.strip() in shown


def test_several_problems_take_a_line_each() -> None:
    """What Activate refuses reads as a list."""
    problems = Notice("Not activated:\nBroker URL: missing\nTopic: missing", "refused")
    shown = [row.strip() for row in rows(scene(notice=problems))]
    assert "Broker URL: missing" in shown
    assert "Topic: missing" in shown


def test_more_than_fits_is_told_of() -> None:
    """Nothing is cut without a word, and a larger window shows all of it."""
    problems = Notice("\n".join(f"problem {number}" for number in range(12)), "refused")
    shown = "\n".join(rows(scene(notice=problems)))
    assert "problem 5" in shown
    assert "problem 6" not in shown
    assert "there is more to read: enlarge the window" in shown
    assert "problem 11" in "\n".join(rows(scene(notice=problems), (80, 40)))


def test_the_unit_reports_its_own_troubles() -> None:
    """Why the broker cannot be reached is told without being asked."""
    broker = replace(STATUS.broker, state="waiting", retry_in_s=4.2, last_error="connection\x07 no")
    radio = replace(STATUS.radio, state="unavailable", error="no such device")
    shown = rows(scene(status=replace(STATUS, broker=broker, radio=radio)))
    assert "broker waiting 4 s" in shown[0]
    assert any("Broker: connection no" in row for row in shown)
    assert any("Radio: no such device" in row for row in shown)


def test_a_broker_that_recovered_is_not_complained_of() -> None:
    """An old error is no news while all is well."""
    broker = replace(STATUS.broker, last_error="connection refused")
    assert not any("refused" in row for row in rows(scene(status=replace(STATUS, broker=broker))))


def test_the_longest_title_fits() -> None:
    """Serial number and the longest states share the line; the states are never cut."""
    status = replace(
        STATUS,
        unit=replace(STATUS.unit, serial_number="9" * 40),
        broker=replace(STATUS.broker, state="unconfigured"),
        cache=replace(STATUS.cache, frames=5_000_000),
        radio=replace(STATUS.radio, state="unavailable"),
    )
    title = rows(scene(status=status))[0]
    assert title.endswith("broker unconfigured   cache 5000000   radio unavailable ")


def test_every_look_is_in_the_palette() -> None:
    """A name that the palette lacks would be drawn without a look."""
    looks: set[object] = {None}
    kinds: tuple[Literal["said", "done", "refused"], ...] = ("said", "done", "refused")
    for kind in kinds:
        for place in Place:
            shown = scene(place=place, notice=Notice("words", kind))
            canvas = compose(shown, (80, 24)).render((80, 24), focus=True)
            looks |= {look for row in canvas.content() for look, _, _ in row}
    assert looks - {None} <= {name for name, *_ in PALETTE}


def test_the_palette_is_valid() -> None:
    """Every entry is accepted, and none is defined twice."""
    screen = urwid.display.html_fragment.HtmlGenerator()
    screen.register_palette(PALETTE)
    assert len({name for name, *_ in PALETTE}) == len(PALETTE)
