import asyncio
import logging

import pytest

from appliance.unit import Unit
from tests.support.waiting import until
from tests.tui.broken_unit import BrokenUnit
from tests.tui.conftest import Connect
from tests.tui.wire_terminal import KEYS
from tui.drafts import Drafts
from tui.session import run


async def test_a_terminal_too_small_works_once_enlarged(connect: Connect) -> None:
    """Nothing is lost by shrinking a window, and keys nobody sees the effect of do nothing."""
    terminal = connect(columns=40, rows=12)
    await terminal.wait_for("yours is 40×12")  # noqa: RUF001
    terminal.resize(100, 30)
    await terminal.wait_for("<Activate>")
    terminal.send("ssl://half")
    await terminal.wait_for("│ssl://half")
    terminal.resize(79, 24)
    await terminal.wait_for("yours is 79×24")  # noqa: RUF001
    terminal.key("backspace", "tab", "enter")
    terminal.resize(80, 24)
    await terminal.wait_for("│ssl://half")


async def test_a_storm_of_resizes_is_weathered(connect: Connect) -> None:
    """The last size is the one that is drawn, without a picture for each before it."""
    terminal = connect()
    await terminal.wait_for("<Activate>")
    for number in range(500):
        terminal.resize(60 + number % 140, 20 + number % 50)
    terminal.resize(90, 30)
    await terminal.wait_for(lambda text: text.splitlines()[-1].startswith(" Up/Down"))
    assert len(terminal.lines()) == 30
    terminal.send("still here")
    await terminal.wait_for("│still here")


async def test_keys_split_between_reads_act(connect: Connect) -> None:
    """An arrow key in three reads is an arrow key."""
    terminal = connect()
    for byte in KEYS["down"]:
        terminal.send(bytes([byte]))
    await terminal.wait_for(">  Topic for Priority Data (event)")


async def test_bytes_that_are_not_utf8_do_no_harm(connect: Connect) -> None:
    """They are shown as what they are: unreadable."""
    terminal = connect()
    terminal.send(b"\xff\xfe\x80abc\xc3")
    await terminal.wait_for("│\N{REPLACEMENT CHARACTER}")
    terminal.key("down")
    await terminal.wait_for(">  Topic for Priority Data (event)")


async def test_two_sessions_do_not_disturb_each_other(connect: Connect) -> None:
    """Each has its own selection and edits, sees what the other saved, and its own kind of box.

    The edit is offered, never shown.
    """
    first, second = connect(), connect(term="vt100")
    first.key("down", "down")
    await first.wait_for(">! Topic for End-device Data")
    first.send("meters")
    await first.wait_for("│meters")
    assert "meters  " not in second.text()
    text = " ".join((await second.wait_for("Unsaved edits of ")).split())
    assert "in a session still open: Topic for End-device Data. Ctrl-R " in text
    assert ">! Broker URL" in text
    first.key("tab", "tab", "enter")
    await first.wait_for("Saved: ")
    text = await second.wait_for(" * Topic for End-device Data")
    assert "Unsaved edits" not in text
    assert second.received.isascii()


async def test_a_crash_ends_one_session_only(
    connect: Connect, unit: Unit, caplog: pytest.LogCaptureFixture
) -> None:
    """The failing screen says goodbye and is logged; its neighbour and the loop go on."""
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    broken_unit = BrokenUnit(unit)
    broken, healthy = connect(on=broken_unit), connect()
    await broken.wait_for("<Activate>")
    await healthy.wait_for("<Activate>")
    broken_unit.broken = True
    await broken.session
    assert "Please log in again." in broken.text()
    assert broken.received.index(b"\x1b[?1049l") < broken.received.index(b"Please log in")
    assert [record.levelno for record in caplog.records if record.name == "tui.session"] == [
        logging.ERROR
    ]
    healthy.send("alive")
    await healthy.wait_for("│alive")
    assert not reported


async def test_a_crash_before_the_first_picture_is_contained(connect: Connect, unit: Unit) -> None:
    """Even then the terminal is put back."""
    broken_unit = BrokenUnit(unit)
    broken_unit.broken = True
    terminal = connect(on=broken_unit)
    await terminal.session
    assert "Please log in again." in terminal.text()


async def test_an_idle_session_ends_and_says_why(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """So does what is lost with it; and the log, which would else only tell of a logout."""
    caplog.set_level("INFO", "tui")
    terminal = connect(2.0)
    terminal.send("ssl://half")
    await terminal.wait_for("│ssl://half")
    await terminal.session
    text = " ".join(terminal.text().split())
    assert "Closed: no key was pressed for 2 seconds." in text
    assert "offered at the next login: Broker URL." in text
    assert f"the screen of {terminal.peer} closed after 2 s without a key" in caplog.text
    assert "<Activate>" not in text


async def test_a_client_that_does_not_read_costs_no_memory(connect: Connect) -> None:
    """No picture is drawn before the last one was taken."""
    terminal = connect()
    await terminal.wait_for("<Activate>")
    terminal.stop_reading()
    for number in range(300):
        terminal.resize(80 + number % 2, 24)
        await asyncio.sleep(0)
    terminal.key("down")
    terminal.send(b"x" * 1000)
    before = len(terminal.received)
    await asyncio.wait([terminal.session], timeout=0.5)  # longer than a refresh takes to come
    assert len(terminal.received) - before < 20_000


async def test_a_client_that_does_not_read_is_still_closed_when_idle(connect: Connect) -> None:
    """The idle timeout does not wait for the terminal."""
    terminal = connect(0.5)
    terminal.stop_reading()
    await terminal.session


async def test_a_lost_line_ends_the_session(connect: Connect) -> None:
    """There is nobody left to ask about edits."""
    terminal = connect()
    terminal.send("edited")
    await terminal.wait_for("│edited")
    terminal.hang_up()
    await terminal.session


async def test_a_cancelled_session_puts_the_terminal_back(unit: Unit, connect: Connect) -> None:
    """When the unit stops, technicians get their prompt back."""
    terminal = connect()
    await terminal.wait_for("<Activate>")
    cancelled = asyncio.create_task(run(unit, terminal, 0, drafts=Drafts()))
    await until(lambda: terminal.received.count(b"\x1b[?1049h") == 2)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert terminal.received.endswith(b"\x1b[?1049l")


async def test_nothing_is_left_running(connect: Connect) -> None:
    """A session's tasks end with it."""
    before = asyncio.all_tasks()
    terminal = connect()
    await terminal.wait_for("<Activate>")
    terminal.key("ctrl d")
    await terminal.session
    assert {task for task in asyncio.all_tasks() - before if "tui" in task.get_name()} == set()
