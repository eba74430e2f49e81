"""Whatever the line to the broker does: once it is in order again, everything is delivered."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.forwarding.forwarder import WINDOW
from tests.support.certificates import Authority
from tests.support.concentrator_process import UnitProcess
from tests.support.fault_proxy import BLACK_HOLE, FaultProxy, Faults
from tests.support.site import Site, site
from tests.support.traffic import Traffic, repeated
from tests.support.vitals import Vitals
from tests.support.waiting import until

RATE = 50  # frames a second
FAULT_S = 4.0
GIVEN_UP_WITHIN_S = 60.0  # an unacknowledged message
UP, DOWN = Faults(held=frozenset({"up"})), Faults(held=frozenset({"down"}))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@dataclass(frozen=True, slots=True)
class Service:
    """A unit under traffic, its line in order, and what it looked like before the fault."""

    place: Site
    unit: UnitProcess
    traffic: Traffic
    vitals: Vitals
    connects: int

    async def end(self) -> str:
        """The line is in order again: judges what became of it; figures for the report."""
        await self.place.mend()
        self.traffic.stop()
        mended = time.monotonic()
        status = await self.place.at_rest(self.unit)
        took = time.monotonic() - mended
        await until(lambda: set(self.traffic.sent) == self.place.arrived())
        losses = status["broker"]["connects"] - self.connects
        again = len(repeated(self.place.messages()))
        assert again <= WINDOW * losses
        vitals = Vitals.of(self.unit.process.pid)
        vitals.assert_flat_since(self.vitals)
        return (
            f"{len(self.traffic.sent)} frames, {losses} connections lost, {again} messages sent "
            f"again, delivered {took:.1f} s after the cure, {self.vitals.rss_mb} -> "
            f"{vitals.rss_mb} MB"
        )


@contextlib.asynccontextmanager
async def service(
    directory: Path, authority: Authority, weakened: Mapping[str, object] | None = None
) -> AsyncIterator[Service]:
    """All parts; the first frames have arrived."""
    async with site(directory, authority) as place, place.running(weakened=weakened) as unit:
        with Traffic(place.modem, rate=RATE) as traffic:
            await until(lambda: len(place.messages()) > RATE / 2)
            vitals, status = Vitals.of(unit.process.pid), await unit.status()
            yield Service(place, unit, traffic, vitals, status["broker"]["connects"])


async def constant(line: FaultProxy, faults: Faults) -> None:
    """One fault for a while."""
    line.faults = faults
    await asyncio.sleep(FAULT_S)


async def anew(line: FaultProxy, faults: Faults) -> None:
    """The same, from the TLS handshake on."""
    line.faults = faults
    await line.reset()
    await asyncio.sleep(2 * FAULT_S)


async def resets(line: FaultProxy) -> None:
    """RST, again and again."""
    for _ in range(6):
        await line.reset()
        await asyncio.sleep(FAULT_S / 6)


async def closes(line: FaultProxy) -> None:
    """Every connection is closed after more bytes: in TLS, at the CONNACK, in mid-message."""
    for size in (100, 1500, 3000, 4000, 6000, 20_000):
        line.faults = Faults(close_after=size)
        await asyncio.sleep(FAULT_S / 3)


async def refuses(line: FaultProxy) -> None:
    """Nobody listens."""
    await line.refuse()
    await asyncio.sleep(FAULT_S)
    await line.accept()


FAULTS: dict[str, Callable[[FaultProxy], Awaitable[None]]] = {
    "late": lambda line: constant(line, Faults(delay_s=0.4)),
    "8 kbit a second": lambda line: constant(line, Faults(bytes_per_s=1000)),
    "8 kbit a second anew": lambda line: anew(line, Faults(bytes_per_s=1000)),
    "byte by byte": lambda line: constant(line, Faults(one_byte=True)),
    "byte by byte anew": lambda line: anew(line, Faults(one_byte=True)),
    "held a while": lambda line: constant(line, BLACK_HOLE),
    "resets": resets,
    "closes": closes,
    "refuses": refuses,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_everything_is_delivered_once_the_line_is_good_again(
    tmp_path: Path,
    authority: Authority,
    record_property: Callable[[str, object], None],
    fault: str,
) -> None:
    """In order again: no frame missing, none twice that was acknowledged, memory flat."""
    async with service(tmp_path, authority) as made:
        await FAULTS[fault](made.place.line)
        record_property(f"line {fault}", await made.end())


async def test_a_connection_without_answers_is_given_up(
    tmp_path: Path, authority: Authority, record_property: Callable[[str, object], None]
) -> None:
    """Nothing through, or one way only: a new connection within a minute, and all is delivered.

    Four units at once, to wait for it only once; the fourth has no watchdog, and stays for ever.
    """
    no_watchdog = {"appliance.forwarding.broker_session.ACK_TIMEOUT_S": 1e9}
    *seconds, without = await asyncio.gather(
        given_up_after(tmp_path / "up", authority, UP),
        given_up_after(tmp_path / "down", authority, DOWN),
        given_up_after(tmp_path / "both", authority, BLACK_HOLE),
        given_up_after(tmp_path / "none", authority, DOWN, no_watchdog),
        return_exceptions=True,
    )
    for each in seconds:
        if isinstance(each, BaseException):
            raise each
    assert isinstance(without, AssertionError)
    assert "a new connection" in str(without)
    record_property("line silent: given up after s (up, down, both)", seconds)


async def given_up_after(
    directory: Path,
    authority: Authority,
    faults: Faults,
    weakened: Mapping[str, object] | None = None,
) -> float:
    """Seconds until a unit opens another connection; afterwards it has to deliver everything."""
    async with service(directory, authority, weakened) as made:
        line, began = made.place.line, time.monotonic()
        connections, line.faults = line.connections, faults
        await until(lambda: line.connections > connections, GIVEN_UP_WITHIN_S, "a new connection")
        took = time.monotonic() - began
        await made.end()
        return round(took, 1)
