"""What a radio line can do to the receiver: noise, torn records, a hundred unplugs, silence."""

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psutil
import pytest

from appliance.radio import receiver as receiver_module
from appliance.radio.frame import RadioFrame
from appliance.radio.modem_protocol import encode_frame
from appliance.radio.receiver import Receiver
from tests.support.frames import radio_frame
from tests.support.modem_line import ModemLine
from tests.support.waiting import until

NOISE = 1_000_000  # bytes
UNPLUGS = 100
TCP_REPAIR = 19  # <linux/tcp.h>: while it is on, a close sends nothing
WITHIN_S = 60.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@contextlib.asynccontextmanager
async def receiving(
    url: str, reject: Callable[[str, float], None] = lambda *_: None
) -> AsyncIterator[tuple[Receiver, list[int]]]:
    """A receiver that has opened its port, and the numbers of the frames it hands over."""
    heard: list[int] = []

    def hear(frame: RadioFrame, _: float) -> None:
        heard.append(int.from_bytes(frame.mbal[:4], "big"))

    receiver = Receiver(url, 115_200, hear, reject)
    receiver.start()
    try:
        await until(lambda: receiver.status().state == "receiving")
        yield receiver, heard
    finally:
        await receiver.stop()


@pytest.fixture
def modem(tmp_path: Path) -> Iterator[ModemLine]:
    """A modem that is plugged in."""
    with ModemLine(tmp_path) as modem:
        yield modem


def random_bytes(chance: random.Random) -> bytes:
    """What an open line picks up."""
    return chance.randbytes(chance.randint(1, 1200))


def torn(chance: random.Random) -> bytes:
    """The beginning of a record."""
    record = encode_frame(radio_frame(chance.randrange(2**32), size=200))
    return record[: chance.randrange(1, len(record) - 1)]


def oversize(chance: random.Random) -> bytes:
    """More bytes between two flags than any record has."""
    return b"\x7e" + bytes(chance.randrange(1100, 20_000)) + b"\x7e"


def bad_crc(chance: random.Random) -> bytes:
    """A record with one bit turned over."""
    record = bytearray(encode_frame(radio_frame(chance.randrange(2**32), size=100)))
    record[chance.randrange(1, len(record) - 1)] ^= 1 << chance.randrange(8)
    return bytes(record)


def aborted(_: random.Random) -> bytes:
    """An escape that escapes the flag behind it (RFC 1662, 4.3)."""
    return b"\x7e\x01\x02\x03\x7d"


FAULTS: tuple[Callable[[random.Random], bytes], ...] = (
    *[random_bytes] * 3,
    *(torn, oversize, bad_crc, aborted),
)


async def test_every_good_record_between_a_million_bad_bytes_is_found_once(
    modem: ModemLine, record_property: Callable[[str, object], None]
) -> None:
    """Random bytes, torn, oversize and altered records, each before a good one; in order."""
    chance = random.Random(1)
    line, noise, count = bytearray(), 0, 0
    while noise < NOISE:
        fault = chance.choice(FAULTS)
        bad = fault(chance)
        noise += len(bad) if fault is random_bytes else 0
        line += bad + encode_frame(radio_frame(count, size=chance.randint(4, 1024)))
        count += 1
    rejected: list[str] = []
    reject: Callable[[str, float], None] = lambda reason, _: rejected.append(reason)  # noqa: E731
    async with receiving(str(modem.path), reject) as (_, heard):
        await asyncio.to_thread(modem.send_bytes, bytes(line))
        await until(lambda: len(heard) >= count, WITHIN_S, f"{count} frames")
        assert heard == list(range(count))
    assert len(rejected) > count
    record_property(
        "radio noise",
        f"{noise} random bytes of {len(line)}, {len(rejected)} records rejected, all {count} found",
    )


async def test_a_hundred_unplugs_cost_no_record_that_was_heard(
    modem: ModemLine,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """Each time in mid-record; what comes on the new line is whole, nothing leaks."""
    monkeypatch.setattr(receiver_module, "REOPEN_INTERVAL_S", 0.02)  # a hundred waits less
    chance = random.Random(2)
    async with receiving(str(modem.path)) as (receiver, heard):
        descriptors, sent = psutil.Process().num_fds(), 0
        for _ in range(UNPLUGS):
            modem.send(*(radio_frame(number) for number in range(sent, sent + 3)))
            modem.send_bytes(torn(chance))
            sent += 3
            await until(lambda: len(heard) >= sent)  # noqa: B023 - as it is now
            modem.unplug()
            await until(lambda: receiver.status().state == "unavailable")
            modem.plug()
            await until(lambda: receiver.status().state == "receiving")
        assert heard == list(range(sent))
        assert psutil.Process().num_fds() <= descriptors
    record_property("radio unplugs", f"{UNPLUGS}, {sent} of {sent} frames found")


# pyserial forgets to close a socket that its peer has reset (shutdown fails, close is left out).
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
async def test_a_radio_that_vanishes_from_the_network_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its power fails without a FIN: the kernel's probes find out, and the next one is heard."""
    if os.geteuid() != 0:
        pytest.skip("closing a connection without telling its peer takes root")
    monkeypatch.setattr(receiver_module, "PROBE_AFTER_S", 1)
    monkeypatch.setattr(receiver_module, "PROBE_INTERVAL_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        async with receiving(f"socket://127.0.0.1:{server.getsockname()[1]}") as (_, heard):
            first, _ = await asyncio.to_thread(server.accept)
            first.sendall(encode_frame(radio_frame(1)))
            await until(lambda: heard == [1])
            first.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
            first.close()
            second, _ = await asyncio.to_thread(server.accept)
            with second:
                second.sendall(encode_frame(radio_frame(2)))
                await until(lambda: heard == [1, 2])
