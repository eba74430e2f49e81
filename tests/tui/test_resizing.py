import asyncio

import pytest

from tests.support.waiting import until
from tests.tui.conftest import Connect


async def test_a_storm_of_sizes_costs_one_picture(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a window looks like while it is dragged is not drawn; the last size is."""
    monkeypatch.setattr("tui.session._SETTLE_S", 0.5)
    terminal = connect()
    await terminal.wait_for("<Activate>")
    terminal.received.clear()
    for number in range(200):
        terminal.resize(80 + number % 70, 24 + number % 20)
        await asyncio.sleep(0)
    terminal.resize(100, 30)
    await until(lambda: b"\x1b[2J" in terminal.received)
    await terminal.wait_for(lambda text: len(text.splitlines()) == 30 and "<Activate>" in text)
    assert terminal.received.count(b"\x1b[2J") <= 2


async def test_keys_are_taken_while_a_size_settles(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that is typed meanwhile is lost."""
    monkeypatch.setattr("tui.session._SETTLE_S", 0.2)
    terminal = connect()
    await terminal.wait_for("<Activate>")
    terminal.resize(90, 25)
    terminal.send("abc")
    await terminal.wait_for("│abc")
