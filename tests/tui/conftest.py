"""A real unit without broker and radio modem, and terminals with a session on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.parameters.values import ParameterValues
from appliance.settings import Settings
from appliance.unit import Unit
from tests.tui.wire_terminal import WireTerminal
from tui import keys, session
from tui.drafts import Drafts
from tui.session import run

Connect = Callable[..., WireTerminal]


@pytest.fixture
async def unit(tmp_path: Path) -> AsyncIterator[Unit]:
    """A factory-new unit; its modem is missing."""
    settings = Settings()
    settings = replace(
        settings,
        unit=replace(settings.unit, state_dir=tmp_path / "state"),
        radio=replace(settings.radio, url=str(tmp_path / "no-modem")),
    )
    started = Unit(settings, "KAM73471100")
    await started.start()
    try:
        yield started
    finally:
        await started.stop()


@pytest.fixture
async def in_service(unit: Unit) -> ParameterValues:
    """What is active on the unit, though nobody listens there."""
    await unit.save("broker-url", "ssl://broker.localhost:1", "a test")
    await unit.save("data-topic", "in/service", "a test")
    await unit.activate("a test", check=False)
    assert unit.active is not None
    return unit.active


@pytest.fixture
async def connect(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """Opens terminals with the screen on them; a session's task is `terminal.session`.

    What changes elsewhere is seen sooner than by a person, and Esc told sooner from other keys.
    """
    monkeypatch.setattr(session, "_REFRESH_S", 0.1)
    monkeypatch.setattr(keys, "_ESCAPE_WAIT_S", 0.05)
    terminals: list[WireTerminal] = []
    drafts = Drafts()

    def open_one(idle_timeout: float = 0, *, on: Unit = unit, **options: object) -> WireTerminal:
        terminal = WireTerminal(**options)  # type: ignore[arg-type]
        terminal.session = asyncio.create_task(run(on, terminal, idle_timeout, drafts=drafts))
        terminals.append(terminal)
        return terminal

    yield open_one
    for terminal in terminals:
        terminal.hang_up()
    sessions = (terminal.session for terminal in terminals)
    await asyncio.gather(*(each for each in sessions if not each.cancelled()))
