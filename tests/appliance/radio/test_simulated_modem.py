import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest

from appliance.radio.frame import RadioFrame
from appliance.radio.modem_protocol import Decoder, ReceivedFrame, RejectedRecord
from appliance.radio.receiver import Receiver
from appliance.radio.simulated_modem import (
    INFORMATION,
    ModemError,
    SimulatedModem,
    frames,
    transmissions,
)


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """Where the modem is to be found."""
    return tmp_path / "modem"


@contextmanager
def running(modem: SimulatedModem) -> Iterator[threading.Thread]:
    """The modem in a thread of its own, stopped at the end."""
    stop = threading.Event()
    thread = threading.Thread(target=modem.run, args=(stop,), name="simulated modem")
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition; fails the test when it does not come true."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for is in other threads
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("noise", [0.0, 0.5, 1.0])
async def test_a_receiver_gets_every_frame_in_order(link: Path, noise: float) -> None:
    """Faster than the line can take it, with noise and without: nothing lost, nothing altered."""
    received: list[RadioFrame] = []
    rejected: list[str] = []
    receiver = Receiver(
        str(link),
        115200,
        lambda frame, _: received.append(frame),
        lambda why, _: rejected.append(why),
    )
    modem = SimulatedModem(link, rate=5000, count=3000, priority_share=0.3, seed=7, noise=noise)
    with running(modem) as thread:
        receiver.start()
        await until(lambda: not thread.is_alive())
        await until(lambda: len(received) >= 3000)
        await receiver.stop()
    assert received == list(islice(frames(7, 0.3), 3000))
    assert bool(rejected) is (noise > 0)


def hearing(link: Path, received: list[RadioFrame]) -> Receiver:
    """A receiver that puts there what it hears."""
    return Receiver(str(link), 115200, lambda frame, _: received.append(frame), lambda *_: None)


async def told_by(link: Path) -> str | None:
    """What a receiver that starts now has been told of the modem when its first frame comes."""
    received: list[RadioFrame] = []
    receiver = hearing(link, received)
    receiver.start()
    await until(lambda: received)
    await receiver.stop()
    return receiver.status().modem


async def test_each_reader_is_told_what_the_modem_is(link: Path) -> None:
    """A unit that restarts learns it again."""
    with running(SimulatedModem(link, rate=100)):
        assert await told_by(link) == INFORMATION
        # A reader back so soon that the modem missed its absence is not a new one.
        async with asyncio.timeout(30):
            while await told_by(link) != INFORMATION:
                pass


async def test_nothing_is_sent_while_nobody_listens(link: Path) -> None:
    """A reader that comes late gets the first frame first."""
    received: list[RadioFrame] = []
    with running(SimulatedModem(link, rate=1000, seed=4)) as thread:
        await until(link.is_symlink)
        thread.join(1)  # time enough for a thousand frames
        receiver = hearing(link, received)
        receiver.start()
        await until(lambda: received)
        await receiver.stop()
    assert received == list(islice(frames(4, 0.1), len(received)))


async def test_a_reader_that_does_not_read_cannot_hold_up_stop(link: Path) -> None:
    """The line is full, the modem waits, and ends when it is told to."""
    with running(SimulatedModem(link, rate=1e6)) as thread:
        await until(link.is_symlink)
        reader = os.open(link, os.O_RDONLY | os.O_NOCTTY)
        try:
            thread.join(1)
            assert thread.is_alive()
        finally:
            os.close(reader)
            # `running` stops the modem, and fails if that takes long.


def test_a_slow_reader_gets_what_was_sent_before_the_modem_ends(link: Path) -> None:
    """`count` frames are sent and read before `run` returns and the terminal closes."""
    decoder = Decoder()
    found: list[RadioFrame] = []
    with running(SimulatedModem(link, rate=1e6, count=300, seed=5)) as thread:
        while not link.is_symlink():
            thread.join(0.01)
        reader = os.open(link, os.O_RDONLY | os.O_NOCTTY)
        try:
            while len(found) < 300:
                thread.join(0.005)
                records = decoder.feed(os.read(reader, 1000))
                found += [each.frame for each in records if isinstance(each, ReceivedFrame)]
        finally:
            os.close(reader)
    assert found == list(islice(frames(5, 0.1), 300))


@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
def test_noise_is_repeatable_and_rejected(noise: float) -> None:
    """The bytes depend on the seed alone, and every frame is in them."""
    line = list(islice(transmissions(9, 0.1, noise), 2000))
    assert line == list(islice(transmissions(9, 0.1, noise), 2000))
    records = Decoder().feed(b"".join(line))
    found = [record.frame for record in records if isinstance(record, ReceivedFrame)]
    rejected = [record for record in records if isinstance(record, RejectedRecord)]
    assert found == list(islice(frames(9, 0.1), 2000))
    assert len(found) + len(rejected) == len(records)
    assert (len(rejected) >= 2000 * noise * 0.8) is True
    assert noise > 0 or not rejected


def test_the_link_is_replaced_and_removed(link: Path) -> None:
    """A link left over from a modem that was killed is no obstacle."""
    link.symlink_to("/dev/pts/gone")
    modem = SimulatedModem(link, rate=100)
    with running(modem) as thread:
        while not link.exists():
            thread.join(0.01)
        assert link.is_char_device()
    assert not link.is_symlink()
    assert list(link.parent.iterdir()) == []


def test_a_link_taken_over_by_another_modem_is_left_alone(link: Path) -> None:
    """Only its own link is removed."""
    with running(SimulatedModem(link)) as thread:
        while not link.exists():
            thread.join(0.01)
        link.unlink()
        link.symlink_to("/dev/pts/another")
    assert link.is_symlink()


def test_a_file_is_never_replaced(link: Path) -> None:
    """What is there and not a link may be somebody's."""
    link.write_text("precious")
    with pytest.raises(ModemError, match="no modem of ours: name another path"):
        SimulatedModem(link).run(threading.Event())
    assert link.read_text() == "precious"


def test_a_link_to_something_else_is_never_replaced(link: Path) -> None:
    """It may be somebody's; a link to a terminal is an earlier modem's."""
    link.symlink_to("/etc/hostname")
    with pytest.raises(ModemError, match="no modem of ours"):
        SimulatedModem(link).run(threading.Event())
    assert str(link.readlink()) == "/etc/hostname"


def test_a_link_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """A folder that is missing is said as such."""
    link = tmp_path / "missing" / "modem"
    with pytest.raises(ModemError, match=r"cannot be made: No such file or directory: name"):
        SimulatedModem(link).run(threading.Event())


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_that_is_none_is_refused(link: Path, rate: float) -> None:
    """Frames a second must be above 0."""
    with pytest.raises(ValueError, match="above 0"):
        SimulatedModem(link, rate=rate)
