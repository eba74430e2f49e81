"""The screen on terminals of every kind and size, through OpenSSH's client."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.support.certificates import Authority
from tests.support.concentrator_process import UnitProcess
from tests.support.ssh_client import SshTerminal

TERMS = ("vt100", "linux", "xterm-256color", "screen", "dumb")
CHAIN_BYTES = 12_000


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnitProcess]:
    """A unit as from the factory."""
    directory = tmp_path_factory.mktemp("unit")
    with UnitProcess(directory, directory / "no modem") as unit:
        yield unit


@pytest.mark.parametrize("term", TERMS)
async def test_a_value_is_entered_on_any_terminal(unit: UnitProcess, term: str) -> None:
    """Typing, moving, saving, the menu and every view, without a function key where none is."""
    topic = f"meters/{term}"
    async with SshTerminal(unit.port, unit.password, term=term) as screen:
        await screen.wait_for("<Activate>")
        screen.key("down", "down")
        await screen.wait_for("Received frames are published here.")
        screen.key("ctrl a", "ctrl k")
        screen.type(topic)
        await screen.wait_for("+ valid")
        screen.key("tab", "tab", "enter")
        await screen.wait_for("Saved: Topic for End-device Data")
        screen.key("tab", "tab")
        for letter, wanted in (("r", "Walk test"), ("l", "lines "), ("c", "COMMISSIONING RECEIPT")):
            screen.key("esc")
            await screen.wait_for("Menu")
            screen.key(letter)
            await screen.wait_for(wanted)
            screen.key("esc")
            await screen.wait_for("<Activate>")
        if term in ("vt100", "linux", "dumb"):
            assert screen.text().isascii()
        screen.key("ctrl d")
        assert await screen.wait_closed() == 0
    assert await unit.command("get data-topic") == f"{topic}\n"


def whole(rows: int, text: str) -> bool:
    """Whether all of a picture is there once: foot line last, one heading beside the list."""
    *_, foot = text.split("\n")[:rows]
    once = text.count("<Activate>") == 1 and text.count("Broker URL") == 2
    return once and "ssl://half" in text and foot.startswith(" Up/Down")


@pytest.mark.parametrize("term", ["xterm-256color", "vt100"])
async def test_a_window_changes_its_size_in_mid_work(unit: UnitProcess, term: str) -> None:
    """80×24, 120×40, 40×12 and back: what was typed is there, and no row is left over."""  # noqa: RUF002
    async with SshTerminal(unit.port, unit.password, term=term) as screen:
        await screen.wait_for("<Activate>")
        screen.type("ssl://half")
        for columns, rows in ((120, 40), (40, 12), (80, 24), (200, 60), (80, 24)):
            screen.resize(columns, rows)
            if columns < 80:
                await screen.wait_for("enlarge the")
                continue
            await screen.wait_for(partial(whole, rows))
        screen.key("ctrl d")
        await screen.wait_for("Press Ctrl-D again")
        screen.key("ctrl d")
        assert await screen.wait_closed() == 0


@pytest.mark.parametrize("bracketed", [True, False])
async def test_a_long_chain_is_pasted_whole(
    unit: UnitProcess, authority: Authority, bracketed: bool
) -> None:
    """12 kB of PEM with the focus on a button: all of it is in the field, nothing was pressed."""
    chain = authority.certificate
    while len(chain) < CHAIN_BYTES:
        chain += authority.certificate
    before = await unit.command("show --json")
    async with SshTerminal(unit.port, unit.password) as screen:
        await screen.wait_for("<Activate>")
        screen.key(*["down"] * 6, "tab", "tab", "tab")
        await screen.wait_for("Proves that the broker")
        screen.paste(chain, bracketed=bracketed)
        await screen.wait_for(f"edited, not saved, {chain.count(chr(10))} lines")
        assert await unit.command("show --json") == before
        screen.key("ctrl d")
        await screen.wait_for("Press Ctrl-D again")
        screen.key("ctrl d")
        assert await screen.wait_closed() == 0
